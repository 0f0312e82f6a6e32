package io.armrunner.cli;

import io.armrunner.cli.RunnerServer.LegacyAttributes;
import io.armrunner.cli.RunnerServer.Registered;
import io.armrunner.cli.RunnerServer.Verified;
import io.armrunner.config.ConfigException;
import io.armrunner.config.ConfigFile;
import io.armrunner.config.RunnerConfig;
import io.armrunner.config.RunnerEntry;
import io.armrunner.config.TokenSource;
import io.armrunner.spec.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/**
 * {@code armrunner register}: asks for what is missing, makes sure that GitLab knows the runner,
 * and adds it to the file (runner-protocol §2.4). Nothing is written unless GitLab agreed; a runner
 * that was made for nothing is taken back.
 */
@Command(
        name = "register",
        description = "Adds a runner to the configuration file.",
        sortOptions = false)
final class RegisterCommand implements Callable<Integer> {
    private final Surroundings surroundings;
    private final RunnerServer.Connect connect;
    private final RegisterOptions runnerOptions = new RegisterOptions();
    @Mixin private final ConfigOption config = new ConfigOption();
    @Mixin private final ServerSideOptions serverSide = new ServerSideOptions();

    @Option(
            names = {"-n", "--non-interactive"},
            arity = "0..1",
            fallbackValue = "true",
            descriptionKey = "REGISTER_NON_INTERACTIVE",
            description = "Asks nothing. [$REGISTER_NON_INTERACTIVE]")
    private boolean nonInteractive;

    @Option(
            names = "--template-config",
            descriptionKey = "TEMPLATE_CONFIG_FILE",
            paramLabel = "FILE",
            description =
                    "A file with one [[runners]] that gives what nothing else does. [$TEMPLATE_CONFIG_FILE]")
    private @Nullable Path template;

    @Option(
            names = "--leave-runner",
            arity = "0..1",
            fallbackValue = "true",
            descriptionKey = "REGISTER_LEAVE_RUNNER",
            description =
                    "Does not take the runner back when a later step fails. [$REGISTER_LEAVE_RUNNER]")
    private boolean leaveRunner;

    @Option(
            names = {"-r", "--registration-token"},
            descriptionKey = "REGISTRATION_TOKEN",
            paramLabel = "TOKEN",
            description = "A registration token; deprecated by GitLab. [$REGISTRATION_TOKEN]")
    private @Nullable String registrationToken;

    RegisterCommand(Surroundings surroundings, RunnerServer.Connect connect) {
        this.surroundings = surroundings;
        this.connect = connect;
    }

    /** The command with all its flags. */
    CommandSpec spec() {
        CommandSpec spec = CommandSpec.forAnnotatedObject(this);
        runnerOptions.addTo(spec);
        return spec;
    }

    @Override
    public Integer call() throws Exception {
        Questions questions = new Questions(surroundings, nonInteractive);
        ConfigFile file = surroundings.configFile(config.path());
        // A file that cannot be used is found before GitLab is asked for anything.
        List<RunnerConfig> others = file.load().config().runners();
        RunnerEntry entry = new RunnerEntry();
        runnerOptions.fill(entry);
        fillFromTemplate(entry);
        questions.fill(
                entry,
                "url",
                "--url",
                "The GitLab instance's URL, for example https://gitlab.com/",
                Optional.empty());
        boolean byOldFlag = registrationToken != null && !entry.has("token");
        if (byOldFlag) {
            entry.set("token", String.valueOf(registrationToken));
        }
        Secret given = token(questions, entry, file);
        boolean created = TokenKind.of(given).isCreated();
        if (created) {
            refuseServerSide(byOldFlag);
        } else if (entry.tokenPlace().isPresent()) {
            throw new UserError(
                    "a registration token is used up by register, so it cannot come from elsewhere; give it with --token, or use a glrt- token");
        }
        Optional<RunnerConfig> twin = twin(others, entry.text("url").orElse(""), given);
        if (twin.isPresent()) {
            return alreadyThere(file, twin.get());
        }
        questions.fill(
                entry,
                "name",
                "--name",
                "A name for the runner",
                Optional.of(surroundings.hostName().get()));
        questions.fill(
                entry,
                "executor",
                "--executor",
                "The executor, for example shell",
                Optional.empty());
        if (entry.text("executor").orElse("").startsWith("docker")) {
            questions.fill(
                    entry,
                    "docker.image",
                    "--docker-image",
                    "The default image, for example alpine:3",
                    Optional.empty());
            if (!entry.has("docker.volumes")) {
                entry.set("docker.volumes", "/cache");
            }
        }

        RunnerConfig runner = asConfigured(entry, file);
        try (RunnerServer server = connect.with(file)) {
            if (created) {
                verified(entry, runner, server.verify(runner));
            } else {
                made(entry, server.register(runner, serverSide.attributes(runner.name())));
            }
            save(file, entry, server, created);
        }
        surroundings
                .out()
                .println(
                        "Runner registered successfully. A running armrunner picks it up by itself.");
        surroundings
                .out()
                .println("Configuration (with the token) was saved in \"" + file.path() + "\"");
        return 0;
    }

    /** The token itself, wherever it is. */
    private static Secret token(Questions questions, RunnerEntry entry, ConfigFile file)
            throws ConfigException, UserError, IOException {
        if (entry.tokenPlace().isEmpty()) {
            questions.fill(entry, "token", "--token", "The runner's token", Optional.empty());
        }
        Optional<TokenSource.Elsewhere> place = entry.tokenPlace();
        if (place.isEmpty()) {
            return Secret.of(entry.text("token").orElse(""));
        }
        try {
            return file.tokens().token(place.get());
        } catch (IOException e) {
            throw new UserError("the runner's token " + e.getMessage(), e);
        }
    }

    private static Optional<RunnerConfig> twin(
            List<RunnerConfig> others, String url, Secret token) {
        return others.stream()
                .filter(other -> RunnerChoice.isSame(other.url(), url))
                .filter(other -> other.token().equals(token))
                .findFirst();
    }

    /** A machine that is set up twice by the same script has one runner, not two. */
    private int alreadyThere(ConfigFile file, RunnerConfig runner) throws Exception {
        try (RunnerServer server = connect.with(file)) {
            if (server.verify(runner) instanceof Verified.Refused) {
                throw new UserError(
                        "%s has this runner already, but %s does not know its token any more; take it out with: armrunner verify --delete"
                                .formatted(file.path(), runner.url()));
            }
        }
        surroundings
                .out()
                .println(
                        "Runner is registered already as \"%s\" in \"%s\". Nothing was changed."
                                .formatted(runner.name(), file.path()));
        return 0;
    }

    private void fillFromTemplate(RunnerEntry entry) throws ConfigException, UserError {
        if (template == null) {
            return;
        }
        Path path = surroundings.workingDirectory().resolve(template);
        try {
            entry.fillFrom(Files.readString(path), path.toString());
        } catch (IOException e) {
            throw new UserError("Could not read the template " + path + ": " + e, e);
        }
    }

    /**
     * GitLab keeps these attributes of a created runner, so a flag for one would be passed over.
     */
    private void refuseServerSide(boolean byOldFlag) throws UserError {
        if (serverSide.given().isEmpty()) {
            return;
        }
        String flags = String.join(", ", serverSide.given());
        if (!byOldFlag) {
            throw new UserError(
                    flags
                            + " cannot be set by register for a runner with a glrt- token; set them in GitLab");
        }
        surroundings
                .err()
                .println(
                        "WARNING: "
                                + flags
                                + " have no effect: GitLab keeps them for a runner with a glrt- token");
    }

    /** The entry as the calls see it; what is wrong with it shows here, before GitLab is asked. */
    private RunnerConfig asConfigured(RunnerEntry entry, ConfigFile file) throws ConfigException {
        return entry.asConfigured(surroundings.environment(), file.tokens());
    }

    private void verified(RunnerEntry entry, RunnerConfig runner, Verified answer)
            throws UserError {
        switch (answer) {
            case Verified.Valid(long id, var expiresAt) -> {
                if (id == 0) {
                    throw new UserError(
                            "%s knows the token but does not say the runner's id, so it is too old for glrt- tokens"
                                    .formatted(runner.url()));
                }
                noteToken(entry, id, expiresAt);
                surroundings
                        .out()
                        .println(
                                "%-50s  runner=%s"
                                        .formatted(
                                                "Verifying runner... is valid",
                                                runner.token().shortForm()));
            }
            case Verified.Refused _ ->
                    throw new UserError(
                            runner.url()
                                    + " does not know the token; copy it again from the runner's page in GitLab");
            case Verified.Unclear(String why) ->
                    throw new UserError(
                            "Could not verify the runner at %s: %s".formatted(runner.url(), why));
        }
    }

    private void made(RunnerEntry entry, Registered answer) throws UserError, ConfigException {
        String url = entry.text("url").orElse("");
        switch (answer) {
            case Registered.Made(long id, Secret token, var expiresAt) -> {
                entry.set("token", token.value());
                noteToken(entry, id, expiresAt);
                surroundings
                        .out()
                        .println(
                                "%-50s  runner=%s"
                                        .formatted(
                                                "Registering runner... succeeded",
                                                token.shortForm()));
            }
            case Registered.Refused _ ->
                    throw new UserError(url + " does not accept the registration token");
            case Registered.Disabled _ ->
                    throw new UserError(
                            "registration tokens are disabled at "
                                    + url
                                    + "; create a runner in GitLab and register with its glrt- token");
            case Registered.Unclear(String why) ->
                    throw new UserError(
                            "Could not register the runner at %s: %s".formatted(url, why));
        }
    }

    private void noteToken(RunnerEntry entry, long id, Optional<java.time.Instant> expiresAt) {
        entry.setId(id);
        entry.set("token_obtained_at", Optional.of(surroundings.clock().instant()));
        entry.set("token_expires_at", expiresAt);
    }

    private void save(ConfigFile file, RunnerEntry entry, RunnerServer server, boolean created)
            throws ConfigException, InterruptedException {
        try {
            file.save(file.text().withRunner(entry));
        } catch (ConfigException e) {
            // A created runner was there before and has contacted GitLab as this machine; a legacy
            // one is ours alone.
            if (!leaveRunner) {
                RunnerServer.Removed answer =
                        UnregisterCommand.remove(server, asConfigured(entry, file));
                if (!(answer instanceof RunnerServer.Removed.Done)) {
                    surroundings
                            .err()
                            .println(
                                    "WARNING: the "
                                            + (created ? "runner manager" : "runner")
                                            + " could not be taken back; remove it in GitLab");
                }
            }
            throw e;
        }
    }

    /** What GitLab keeps of a runner, and takes from the old registration only. */
    static final class ServerSideOptions {
        @Option(
                names = "--tag-list",
                descriptionKey = "RUNNER_TAG_LIST",
                paramLabel = "TAG,TAG",
                description = "Tags; registration token only. [$RUNNER_TAG_LIST]")
        private @Nullable String tagList;

        @Option(
                names = "--run-untagged",
                arity = "0..1",
                fallbackValue = "true",
                descriptionKey = "REGISTER_RUN_UNTAGGED",
                description =
                        "Takes jobs without tags; registration token only. [$REGISTER_RUN_UNTAGGED]")
        private @Nullable Boolean runUntagged;

        @Option(
                names = "--locked",
                arity = "0..1",
                fallbackValue = "true",
                descriptionKey = "REGISTER_LOCKED",
                description =
                        "For its project only, which is the default; registration token only. [$REGISTER_LOCKED]")
        private @Nullable Boolean locked;

        @Option(
                names = "--access-level",
                descriptionKey = "REGISTER_ACCESS_LEVEL",
                paramLabel = "LEVEL",
                description =
                        "not_protected or ref_protected; registration token only. [$REGISTER_ACCESS_LEVEL]")
        private @Nullable String accessLevel;

        @Option(
                names = "--maximum-timeout",
                descriptionKey = "REGISTER_MAXIMUM_TIMEOUT",
                paramLabel = "SECONDS",
                description =
                        "The longest a job may take; registration token only. [$REGISTER_MAXIMUM_TIMEOUT]")
        private @Nullable Integer maximumTimeout;

        @Option(
                names = "--paused",
                arity = "0..1",
                fallbackValue = "true",
                descriptionKey = "REGISTER_PAUSED",
                description = "Gets no jobs at first; registration token only. [$REGISTER_PAUSED]")
        private @Nullable Boolean paused;

        @Option(
                names = "--maintenance-note",
                descriptionKey = "REGISTER_MAINTENANCE_NOTE",
                paramLabel = "TEXT",
                description =
                        "A note for administrators; registration token only. [$REGISTER_MAINTENANCE_NOTE]")
        private @Nullable String maintenanceNote;

        /** The flags that were given. */
        List<String> given() {
            List<String> given = new ArrayList<>();
            note(given, "--tag-list", tagList);
            note(given, "--run-untagged", runUntagged);
            note(given, "--locked", locked);
            note(given, "--access-level", accessLevel);
            note(given, "--maximum-timeout", maximumTimeout);
            note(given, "--paused", paused);
            note(given, "--maintenance-note", maintenanceNote);
            return given;
        }

        private static void note(List<String> given, String flag, @Nullable Object value) {
            if (value != null) {
                given.add(flag);
            }
        }

        LegacyAttributes attributes(String name) throws UserError {
            String level = accessLevel == null ? "" : accessLevel;
            if (!level.isEmpty()
                    && !level.equals("not_protected")
                    && !level.equals("ref_protected")) {
                throw new UserError(
                        2,
                        "--access-level must be not_protected or ref_protected, but is " + level);
            }
            String tags = tagList == null ? "" : tagList;
            return new LegacyAttributes(
                    name,
                    maintenanceNote == null ? "" : maintenanceNote,
                    tags,
                    // A runner without tags that takes no untagged job would never get one.
                    tags.isBlank() || (runUntagged != null && runUntagged),
                    locked == null || locked,
                    level,
                    maximumTimeout == null ? 0 : maximumTimeout,
                    paused != null && paused);
        }
    }
}
