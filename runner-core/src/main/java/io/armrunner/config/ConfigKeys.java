package io.armrunner.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The one table of the keys of {@code config.toml}: GitLab Runner's spelling, type, and whether
 * armrunner acts on it (job-semantics §10). A key that gets its effect loses its {@code no-effect}
 * mark here, and with it the warning.
 */
public final class ConfigKeys {
    private static final String TABLE =
            """
            concurrent                  integer
            check_interval              integer
            log_level                   string
            log_format                  string
            listen_address              string
            status_logs                 boolean
            min_free_disk               integer
            kept_logs_size              integer
            kept_logs_age               duration
            sentry_dsn                  string no-effect
            connection_max_age          duration
            shutdown_timeout            integer
            shutdown                    string
            labels                      string_map
            user                        string no-effect
            session_server              table no-effect
            session_server.listen_address     string
            session_server.advertise_address  string
            session_server.session_timeout    integer
            machine                     foreign no-effect
            experimental                foreign no-effect
            runners                     tables
            runners.name                string
            runners.url                 string
            runners.id                  integer
            runners.token               secret
            runners.token_file          string
            runners.token_credential    string
            runners.token_obtained_at   time
            runners.token_expires_at    time
            runners.tls-ca-file         string
            runners.tls-cert-file       string
            runners.tls-key-file        string
            runners.limit               integer
            runners.request_concurrency integer
            runners.strict_check_interval boolean
            runners.output_limit        integer
            runners.output_end          integer
            runners.output_kept         integer
            runners.unhealthy_requests_limit integer
            runners.unhealthy_interval  duration
            runners.job_status_final_update_retry_limit integer
            runners.executor            string
            runners.shell               string
            runners.builds_dir          string
            runners.cache_dir           string
            runners.clone_url           string
            runners.environment         strings
            runners.pre_get_sources_script  string
            runners.post_get_sources_script string
            runners.pre_build_script    string
            runners.post_build_script   string
            runners.prepare_timeout     duration
            runners.get_sources_timeout duration
            runners.debug_trace_disabled boolean
            runners.safe_directory_checkout boolean
            runners.clean_git_config    boolean
            runners.proxy_exec          boolean no-effect
            runners.use_slot_cgroups    boolean no-effect
            runners.slot_cgroup_template string no-effect
            runners.step_runner_image   string no-effect
            runners.labels              string_map
            runners.referees            foreign no-effect
            runners.monitoring          foreign no-effect
            runners.experimental        foreign no-effect
            runners.machine             foreign no-effect
            runners.autoscaler          foreign no-effect
            runners.instance            foreign no-effect
            runners.kubernetes          foreign no-effect
            runners.ssh                 foreign no-effect
            runners.parallels           foreign no-effect
            runners.virtualbox          foreign no-effect
            runners.lanes               tables
            runners.lanes.name          string
            runners.lanes.executor      string
            runners.lanes.capacity      integer
            runners.lanes.paused        boolean
            runners.lanes.refs          string
            runners.lanes.max_timeout   duration
            runners.lanes.min_free_disk string
            runners.lanes.min_free_memory string
            runners.lanes.max_temperature integer
            runners.lanes.throttled     boolean
            runners.codebuild table
            runners.codebuild.project string
            runners.codebuild.region string
            runners.codebuild.regions strings
            runners.codebuild.bucket string
            runners.codebuild.architecture string
            runners.codebuild.compute string
            runners.codebuild.allowed_compute strings
            runners.codebuild.image string
            runners.codebuild.allowed_images strings
            runners.codebuild.placement string
            runners.codebuild.allowed_placements strings
            runners.codebuild.queued_timeout duration
            runners.codebuild.start_timeout duration
            runners.codebuild.kms_key string
            runners.codebuild.service_role string
            runners.codebuild.parameter_store string_map
            runners.codebuild.secrets_manager string_map
            runners.codebuild.relay boolean
            runners.codebuild.allowed_parameters strings
            runners.codebuild.allowed_secrets strings
            runners.codebuild.prices string_map
            runners.codebuild.monthly_cap string
            runners.codebuild.log_group string
            runners.codebuild.endpoint string
            runners.codebuild.profile string
            runners.lanes.codebuild table
            runners.lanes.codebuild.project string
            runners.lanes.codebuild.region string
            runners.lanes.codebuild.regions strings
            runners.lanes.codebuild.bucket string
            runners.lanes.codebuild.architecture string
            runners.lanes.codebuild.compute string
            runners.lanes.codebuild.allowed_compute strings
            runners.lanes.codebuild.image string
            runners.lanes.codebuild.allowed_images strings
            runners.lanes.codebuild.placement string
            runners.lanes.codebuild.allowed_placements strings
            runners.lanes.codebuild.queued_timeout duration
            runners.lanes.codebuild.start_timeout duration
            runners.lanes.codebuild.kms_key string
            runners.lanes.codebuild.service_role string
            runners.lanes.codebuild.parameter_store string_map
            runners.lanes.codebuild.secrets_manager string_map
            runners.lanes.codebuild.relay boolean
            runners.lanes.codebuild.allowed_parameters strings
            runners.lanes.codebuild.allowed_secrets strings
            runners.lanes.codebuild.prices string_map
            runners.lanes.codebuild.monthly_cap string
            runners.lanes.codebuild.log_group string
            runners.lanes.codebuild.endpoint string
            runners.lanes.codebuild.profile string
            runners.custom_build_dir    table
            runners.custom_build_dir.enabled boolean
            runners.feature_flags       boolean_map
            runners.artifact            table
            runners.artifact.upload_timeout duration
            runners.artifact.response_header_timeout duration
            runners.cache               table
            runners.cache.Type          string
            runners.cache.Path          string
            runners.cache.Shared        boolean
            runners.cache.MaxUploadedArchiveSize integer
            runners.cache.s3            table
            runners.cache.s3.ServerAddress string
            runners.cache.s3.AccessKey  secret
            runners.cache.s3.SecretKey  secret
            runners.cache.s3.SessionToken secret
            runners.cache.s3.BucketName string
            runners.cache.s3.BucketLocation string
            runners.cache.s3.Insecure   boolean
            runners.cache.s3.AuthenticationType string
            runners.cache.s3.ServerSideEncryption string
            runners.cache.s3.ServerSideEncryptionKeyID string
            runners.cache.s3.DualStack  boolean
            runners.cache.s3.PathStyle  boolean
            runners.cache.s3.Accelerate boolean
            runners.cache.s3.RoleARN    string
            runners.cache.s3.UploadRoleARN string
            runners.cache.s3.AssumeRoleMaxConcurrency integer
            runners.cache.s3.DisableAssumeRoleCredentialsCaching boolean
            runners.cache.gcs           table no-effect
            runners.cache.gcs.AccessID  string
            runners.cache.gcs.PrivateKey secret
            runners.cache.gcs.CredentialsFile string
            runners.cache.gcs.BucketName string
            runners.cache.gcs.UniverseDomain string
            runners.cache.azure         table no-effect
            runners.cache.azure.AccountName string
            runners.cache.azure.AccountKey secret
            runners.cache.azure.ContainerName string
            runners.cache.azure.StorageDomain string
            runners.custom              table no-effect
            runners.custom.config_exec  string
            runners.custom.config_args  strings
            runners.custom.config_exec_timeout integer
            runners.custom.prepare_exec string
            runners.custom.prepare_args strings
            runners.custom.prepare_exec_timeout integer
            runners.custom.run_exec     string
            runners.custom.run_args     strings
            runners.custom.cleanup_exec string
            runners.custom.cleanup_args strings
            runners.custom.cleanup_exec_timeout integer
            runners.custom.graceful_kill_timeout integer
            runners.custom.force_kill_timeout integer
            runners.docker              table no-effect
            runners.docker.host         string
            runners.docker.tls_cert_path string
            runners.docker.tls_verify   boolean
            runners.docker.image        string
            runners.docker.pull_policy  string_or_strings
            runners.docker.allowed_pull_policies strings
            runners.docker.allowed_images strings
            runners.docker.allowed_services strings
            runners.docker.allowed_privileged_images strings
            runners.docker.allowed_privileged_services strings
            runners.docker.allowed_users strings
            runners.docker.privileged   boolean
            runners.docker.services_privileged boolean
            runners.docker.volumes      strings
            runners.docker.disable_cache boolean
            runners.docker.cache_dir    string
            runners.docker.volume_keep  boolean
            runners.docker.volume_driver string
            runners.docker.volume_driver_ops string_map
            runners.docker.volumes_from strings
            runners.docker.network_mode string
            runners.docker.links        strings
            runners.docker.extra_hosts  strings
            runners.docker.dns          strings
            runners.docker.dns_search   strings
            runners.docker.mac_address  string
            runners.docker.enable_ipv6  boolean
            runners.docker.network_mtu  integer
            runners.docker.hostname     string
            runners.docker.memory       string
            runners.docker.memory_swap  string
            runners.docker.memory_reservation string
            runners.docker.cpus         string
            runners.docker.cpu_shares   integer
            runners.docker.cpuset_cpus  string
            runners.docker.cpuset_mems  string
            runners.docker.shm_size     integer
            runners.docker.oom_kill_disable boolean
            runners.docker.oom_score_adjust integer
            runners.docker.cgroup_parent string
            runners.docker.service_memory string
            runners.docker.service_memory_swap string
            runners.docker.service_memory_reservation string
            runners.docker.service_cpus string
            runners.docker.service_cpu_shares integer
            runners.docker.service_cpuset_cpus string
            runners.docker.service_cgroup_parent string
            runners.docker.service_gpus string
            runners.docker.services_security_opt strings
            runners.docker.services_devices foreign
            runners.docker.services_tmpfs string_map
            runners.docker.services_limit integer
            runners.docker.wait_for_services_timeout integer
            runners.docker.user         string
            runners.docker.group_add    strings
            runners.docker.userns_mode  string
            runners.docker.cap_add      strings
            runners.docker.cap_drop     strings
            runners.docker.security_opt strings
            runners.docker.devices      strings
            runners.docker.device_cgroup_rules strings
            runners.docker.gpus         string
            runners.docker.runtime      string
            runners.docker.pid_mode     string
            runners.docker.ipcmode      string
            runners.docker.sysctls      string_map
            runners.docker.ulimit       string_map
            runners.docker.tmpfs        string_map
            runners.docker.isolation    string
            runners.docker.disable_entrypoint_overwrite boolean
            runners.docker.helper_image string
            runners.docker.helper_image_flavor string
            runners.docker.container_labels string_map
            runners.docker.log_options  string_map
            runners.docker.services     tables
            runners.docker.services.name string
            runners.docker.services.alias string
            runners.docker.services.command strings
            runners.docker.services.entrypoint strings
            runners.docker.services.environment strings
            """;

    private static final List<ConfigKey> ALL = parse();
    private static final Map<String, Map<String, ConfigKey>> BY_PARENT = byParent();

    private ConfigKeys() {}

    /** Every key, a table before what is in it. */
    public static List<ConfigKey> all() {
        return ALL;
    }

    /** The key at {@code path}, whatever its case. */
    public static Optional<ConfigKey> at(String path) {
        int dot = path.lastIndexOf('.');
        return Optional.ofNullable(
                below(dot < 0 ? "" : path.substring(0, dot)).get(lower(path.substring(dot + 1))));
    }

    /** The keys of one table by their lower-case name. */
    static Map<String, ConfigKey> below(String parent) {
        return BY_PARENT.getOrDefault(lower(parent), Map.of());
    }

    /**
     * The known key of a table that is most like {@code name}, if one is close enough to be meant.
     */
    static Optional<String> nearest(String parent, String name) {
        return Spelling.nearest(
                name, below(parent).values().stream().map(ConfigKey::name).toList());
    }

    static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    private static List<ConfigKey> parse() {
        List<ConfigKey> keys = new ArrayList<>();
        TABLE.lines()
                .forEach(line -> {
                    int gap = line.indexOf(' ');
                    String rest = line.substring(gap).strip();
                    boolean hasEffect = !rest.endsWith(" no-effect");
                    String type = hasEffect ? rest : rest.substring(0, rest.indexOf(' '));
                    keys.add(
                            new ConfigKey(
                                    line.substring(0, gap),
                                    KeyType.valueOf(type.toUpperCase(Locale.ROOT)),
                                    hasEffect));
                });
        return List.copyOf(keys);
    }

    private static Map<String, Map<String, ConfigKey>> byParent() {
        Map<String, Map<String, ConfigKey>> byParent = new LinkedHashMap<>();
        for (ConfigKey key : ALL) {
            byParent.computeIfAbsent(lower(key.parent()), parent -> new LinkedHashMap<>())
                    .put(lower(key.name()), key);
        }
        return byParent;
    }
}
