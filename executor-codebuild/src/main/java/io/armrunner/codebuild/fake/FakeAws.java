package io.armrunner.codebuild.fake;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.armrunner.codebuild.aws.AwsPlace;
import io.armrunner.http.ClientSettings;
import io.armrunner.http.EventLoops;
import io.armrunner.http.Exchange;
import io.armrunner.http.HttpClient;
import io.armrunner.http.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * An AWS account on loopback, for the unmodified clients of the SDK. Thread-safe; closed by whoever
 * started it, which ends all builds and forgets everything.
 */
public final class FakeAws implements AutoCloseable {
    /**
     * What a test writes into every secret it plants. Whatever shows it to AWS outside the content
     * of objects and parameters is remembered, and then {@link #close} fails: so each test that
     * uses the fake also tests that nothing leaks.
     */
    public static final String SECRET_MARK = "planted-secret";

    /** Calls whose very purpose is to hand over a secret; AWS shows it nowhere. */
    private static final Set<String> TAKE_SECRETS =
            Set.of(
                    "ssm:PutParameter",
                    "secretsmanager:CreateSecret",
                    "sts:AssumeRoleWithWebIdentity");

    static final String CREDENTIALS = "/-/credentials/";
    private static final String ACCOUNT = "123456789012";
    private static final String ALL =
            "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}";

    private final FakeAwsSettings settings;
    private final Path directory;
    private final AwsTime time;
    private final Names names;
    private final Principals principals;
    private final CallFaults faults = new CallFaults();
    private final CallLog calls;
    private final CallRates rates;
    private final List<String> shown = new CopyOnWriteArrayList<>();
    private final List<String> secrets = new CopyOnWriteArrayList<>(List.of(SECRET_MARK));
    private final FakeRoles roles;
    private final FakeIdentity identity;
    private final Map<String, FakeRegion> regions = new ConcurrentHashMap<>();
    private final Map<String, AwsPlace.Keys> sessions = new ConcurrentHashMap<>();
    private final ObjectServer objects;
    private final HttpClient http;
    private final FakeStore store;
    private final HttpServer server;
    private final AwsPlace.Keys administrator;

    /** Starts it. */
    public static FakeAws start(EventLoops loops, FakeAwsSettings settings) throws IOException {
        Files.createDirectories(settings.directory());
        return new FakeAws(
                loops, settings, Files.createTempDirectory(settings.directory(), "aws-"));
    }

    private FakeAws(EventLoops loops, FakeAwsSettings settings, Path directory) throws IOException {
        this.settings = settings;
        this.directory = directory;
        this.time = new AwsTime(settings.clock(), settings.speed());
        this.calls = new CallLog(time);
        this.rates = new CallRates(time);
        this.names = new Names(settings.random());
        this.principals = new Principals(names);
        this.roles = new FakeRoles(ACCOUNT, time, names);
        this.identity = new FakeIdentity(ACCOUNT, roles, principals);
        this.objects = new ObjectServer();
        this.http = HttpClient.open(loops, ClientSettings.DEFAULTS);
        this.store = new FakeStore(http, objects, names);
        this.administrator = user("administrator", ALL);
        this.server =
                HttpServer.start(
                        loops,
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        new Dispatch(this)::handle);
    }

    /** Where all its services are. */
    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + server.port());
    }

    /** The account as one who may do everything sees it. */
    public AwsPlace place() {
        return place(administrator);
    }

    /** The account as the holder of a key sees it. */
    public AwsPlace place(AwsPlace.Keys keys) {
        return new AwsPlace(
                settings.region(), Optional.of(endpoint()), Optional.empty(), Optional.of(keys));
    }

    /**
     * Adds a user who may do what a policy says.
     *
     * @throws IllegalArgumentException when the document is none
     */
    public AwsPlace.Keys user(String name, String policy) {
        Policy read;
        try {
            read = Policy.of(policy);
        } catch (ServiceError e) {
            throw new IllegalArgumentException(e.text(), e);
        }
        String arn = "arn:aws:iam::" + ACCOUNT + ":user/" + name;
        Caller caller = new Caller(arn, arn, List.of(read), Map.of());
        return principals.user(() -> caller);
    }

    public String account() {
        return ACCOUNT;
    }

    /** The usual region. */
    public FakeRegion region() {
        return region(settings.region());
    }

    public FakeRegion region(String name) {
        return regions.computeIfAbsent(name, each -> new FakeRegion(this, each));
    }

    /** CodeBuild in the usual region. */
    public FakeBuilds codeBuild() {
        return region().codeBuild();
    }

    /** For how long other services do not know a new role. */
    public void rolesSettleIn(Duration duration) {
        roles.settling(duration);
    }

    /** Lets the holder of an ID token act as every role that trusts its provider. */
    public void trustToken(String token) {
        identity.trust(token);
    }

    /**
     * Has this fail on {@link #close} as {@link #SECRET_MARK} does, where it was or will be shown.
     */
    public void mustNotSee(String secret) {
        if (secret.isEmpty()) {
            throw new IllegalArgumentException("nothing is no secret");
        }
        secrets.add(secret);
    }

    /** What is to go wrong with calls. */
    public CallFaults faults() {
        return faults;
    }

    /**
     * Takes calls of an operation no faster than that, in its own time; without this it takes all.
     *
     * @param call such as {@code codebuild:StartBuild}
     * @param burst at once
     */
    public void limit(String call, double perSecond, int burst) {
        rates.limit(call, perSecond, burst);
    }

    CallRates rates() {
        return rates;
    }

    /** Every request that ever came, in their order. */
    public List<AwsCall> calls() {
        return calls.all();
    }

    /** How many calls of an operation came, such as {@code codebuild:StartBuild}. */
    public long count(String call) {
        return calls.counts().entrySet().stream()
                .filter(each -> Policy.isLike(call, each.getKey()))
                .mapToLong(Map.Entry::getValue)
                .sum();
    }

    /** How many calls came of each operation. */
    public Map<String, Long> counts() {
        return calls.counts();
    }

    /**
     * The most calls of an operation a second, in its own time.
     *
     * @param window over so long
     */
    public double peak(String call, Duration window) {
        return calls.peak(call, window);
    }

    /** How many calls of an operation came since some moment of its own time. */
    public long countSince(String call, Instant when) {
        return calls.since(call, when);
    }

    /** Its time, which a manager beside it takes as its own. */
    public AwsTime time() {
        return time;
    }

    void record(AwsCall call) {
        calls.add(call);
    }

    /** What broke the rule that only the contents of objects, parameters and secrets are secret. */
    private List<String> leaks() {
        List<String> leaks = new ArrayList<>();
        Map<String, String> builds = new LinkedHashMap<>();
        regions.forEach((name, region) -> builds.put(name, region.codeBuild().builds().toString()));
        for (String secret : secrets) {
            for (AwsCall call : calls.all()) {
                if (!TAKE_SECRETS.contains(call.name()) && call.seen().contains(secret)) {
                    leaks.add(call.toString());
                }
            }
            for (String line : shown) {
                if (line.contains(secret)) {
                    leaks.add(line);
                }
            }
            builds.forEach((region, text) -> {
                if (text.contains(secret)) {
                    leaks.add("builds of " + region);
                }
            });
        }
        return leaks;
    }

    /** Hears every line of a log. */
    void watch(String group, String line) {
        shown.add("log group " + group + ": " + line);
    }

    /** Refuses what the caller's policies do not allow, in AWS's words. */
    void allow(
            Caller caller,
            String action,
            String resource,
            Map<String, List<String>> context,
            String service)
            throws ServiceError {
        Map<String, List<String>> all = new LinkedHashMap<>(caller.context());
        all.putAll(context);
        all.put("aws:PrincipalArn", List.of(caller.principal()));
        Policy.Verdict verdict = Policy.evaluate(caller.policies(), action, resource, all);
        if (verdict == Policy.Verdict.ALLOWED) {
            return;
        }
        String why =
                verdict == Policy.Verdict.DENIED
                        ? "with an explicit deny in an identity-based policy"
                        : "because no identity-based policy allows the " + action + " action";
        boolean ec2 = service.equals("ec2");
        boolean json = !ec2 && !service.equals("iam") && !service.equals("sts");
        throw new ServiceError(
                json ? 400 : 403,
                json ? "AccessDeniedException" : ec2 ? "UnauthorizedOperation" : "AccessDenied",
                (ec2 ? "You are not authorized to perform this operation. " : "")
                        + "User: %s is not authorized to perform: %s on resource: %s %s"
                                .formatted(caller.arn(), action, resource, why));
    }

    /** The keys of a build, for the endpoint in its container. */
    Optional<AwsPlace.Keys> session(String accessKey) {
        return Optional.ofNullable(sessions.get(accessKey));
    }

    /** Serves the keys of a build from now on. */
    void serve(AwsPlace.Keys keys) {
        sessions.put(keys.accessKey(), keys);
    }

    FakeAwsSettings settings() {
        return settings;
    }

    Path directory() {
        return directory;
    }

    Names names() {
        return names;
    }

    Principals principals() {
        return principals;
    }

    FakeRoles roles() {
        return roles;
    }

    FakeIdentity identity() {
        return identity;
    }

    FakeStore store() {
        return store;
    }

    Instant realNow() {
        return settings.clock().instant();
    }

    /** The body of a request, which is small for all but objects. */
    static String text(Exchange exchange) throws IOException {
        return new String(exchange.body(1 << 20), UTF_8);
    }

    @Override
    public void close() {
        regions.values().forEach(region -> region.codeBuild().close());
        server.close();
        http.close();
        objects.close();
        try {
            Trees.delete(directory);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("could not remove " + directory, e);
        }
        List<String> leaks = leaks();
        if (!leaks.isEmpty()) {
            throw new IllegalStateException("AWS got to see secrets: " + leaks);
        }
    }
}
