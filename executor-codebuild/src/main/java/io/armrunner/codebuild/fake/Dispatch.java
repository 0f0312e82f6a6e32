package io.armrunner.codebuild.fake;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.codebuild.aws.AwsPlace;
import io.armrunner.http.Exchange;
import java.io.IOException;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import software.amazon.awssdk.core.SdkPojo;

/** Takes requests apart: whose, for which service, in which of AWS's protocols. */
final class Dispatch {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration SESSION = Duration.ofHours(1);
    private static final int SLOW_DOWN = 503;

    /** Names of services in the header of the JSON protocol. */
    private static final Map<String, String> TARGETS =
            Map.of(
                    "CodeBuild_20161006", "codebuild",
                    "Logs_20140328", "logs",
                    "AmazonSSM", "ssm",
                    "secretsmanager", "secretsmanager",
                    "ServiceQuotasV20190624", "servicequotas");

    private static final Caller NOBODY = new Caller("", "", List.of(), Map.of());

    private enum Protocol {
        JSON,
        FORM,
        OBJECTS
    }

    private record Reply(int status, String type, String body) {}

    private final FakeAws aws;

    Dispatch(FakeAws aws) {
        this.aws = aws;
    }

    void handle(Exchange exchange) throws IOException, InterruptedException {
        if (exchange.path().startsWith(FakeAws.CREDENTIALS)) {
            credentials(exchange);
            return;
        }
        String target = exchange.header("x-amz-target").orElse("");
        boolean form =
                exchange.header("content-type")
                        .orElse("")
                        .startsWith("application/x-www-form-urlencoded");
        if (!target.isEmpty()) {
            service(exchange, Protocol.JSON);
        } else if (form && exchange.path().equals("/")) {
            service(exchange, Protocol.FORM);
        } else {
            objects(exchange);
        }
    }

    /** What a container asks its host for. */
    private void credentials(Exchange exchange) throws IOException {
        Optional<AwsPlace.Keys> keys =
                aws.session(exchange.path().substring(FakeAws.CREDENTIALS.length()));
        if (keys.isEmpty()) {
            exchange.reply(404, Map.of(), new byte[0]);
            return;
        }
        ObjectNode answer = JSON.createObjectNode();
        answer.put("AccessKeyId", keys.get().accessKey());
        answer.put("SecretAccessKey", keys.get().secretKey().value());
        answer.put("Token", keys.get().token().value());
        answer.put("Expiration", aws.realNow().plus(SESSION).toString());
        exchange.reply(
                200, Map.of("Content-Type", "application/json"), answer.toString().getBytes(UTF_8));
    }

    private void service(Exchange exchange, Protocol protocol)
            throws IOException, InterruptedException {
        String body = FakeAws.text(exchange);
        Map<String, String> form = protocol == Protocol.FORM ? Forms.parse(body) : Map.of();
        String target = exchange.header("x-amz-target").orElse("");
        String operation =
                protocol == Protocol.FORM
                        ? form.getOrDefault("Action", "")
                        : target.substring(target.indexOf('.') + 1);
        String service = "";
        String region = "";
        String caller = "";
        String outcome = "ok";
        Optional<Reply> reply;
        Optional<CallFaults.Fault> fault = Optional.empty();
        try {
            Optional<Signature> signature = Signature.of(exchange.headers(), exchange.query());
            region = signature.map(Signature::region).orElse("");
            service =
                    protocol == Protocol.FORM
                            ? signature
                                    .map(Signature::service)
                                    .orElse(isByToken(operation) ? "sts" : "")
                            : TARGETS.getOrDefault(
                                    target.substring(0, Math.max(0, target.indexOf('.'))), "");
            fault = aws.faults().next(service + ":" + operation);
            refuse(fault, region);
            aws.rates().check(service + ":" + operation);
            if (fault.isPresent() && fault.get() instanceof CallFaults.Fault.Cut) {
                outcome = "cut";
                reply = Optional.empty();
            } else {
                Caller who =
                        signature.isEmpty() && isByToken(operation)
                                ? NOBODY
                                : verified(
                                        exchange,
                                        signature,
                                        Optional.of(Signature.sha256(body.getBytes(UTF_8))));
                caller = who.arn();
                SdkPojo answer = call(service, operation, region, protocol, body, form, who);
                reply = Optional.of(ok(protocol, service, operation, answer));
            }
        } catch (ServiceError e) {
            outcome = e.code();
            reply = Optional.of(error(protocol, service, e));
        } finally {
            aws.record(
                    new AwsCall(
                            service,
                            operation,
                            region,
                            caller,
                            target(exchange),
                            shown(exchange),
                            body,
                            outcome));
        }
        // Not before: what a caller looks up after its answer is written down by then.
        if (reply.isPresent()) {
            send(exchange, reply.get(), fault);
        } else {
            exchange.abort();
        }
    }

    /** Whoever shows a token needs no key. */
    private static boolean isByToken(String operation) {
        return operation.equals("AssumeRoleWithWebIdentity");
    }

    /** Refuses what a region that is down, or a fault that was ordered, does not let through. */
    private void refuse(Optional<CallFaults.Fault> fault, String region) throws ServiceError {
        if (!region.isEmpty() && aws.region(region).isDown()) {
            throw new ServiceError(503, "ServiceUnavailable", "Service Unavailable");
        }
        if (fault.isPresent() && fault.get() instanceof CallFaults.Fault.Refuse refusal) {
            throw new ServiceError(refusal.status(), refusal.code(), refusal.message());
        }
    }

    private Caller verified(
            Exchange exchange, Optional<Signature> signature, Optional<String> bodyHash)
            throws ServiceError {
        return aws.principals()
                .verified(
                        signature,
                        exchange.method(),
                        exchange.path(),
                        exchange.rawQuery(),
                        exchange.headers(),
                        bodyHash,
                        aws.realNow());
    }

    private SdkPojo call(
            String name,
            String operation,
            String region,
            Protocol protocol,
            String body,
            Map<String, String> form,
            Caller caller)
            throws ServiceError {
        Service service = find(name, region);
        Class<?> type = requestType(service, operation);
        SdkPojo request =
                protocol == Protocol.FORM
                        ? Forms.read(form, type, name.equals("ec2"))
                        : Shapes.read(json(body), type, false);
        for (String resource : service.resources(request)) {
            aws.allow(
                    caller,
                    service.prefix() + ":" + operation,
                    resource,
                    service.context(request),
                    name);
        }
        return service.answer(request, caller);
    }

    private Service find(String name, String region) throws ServiceError {
        FakeRegion place = aws.region(region);
        return switch (name) {
            case "codebuild" -> place.codeBuild();
            case "logs" -> place.logs();
            case "ssm" -> place.parameters();
            case "secretsmanager" -> place.secrets();
            case "servicequotas" -> place.quotas();
            case "ec2" -> place.network();
            case "sts" -> aws.identity();
            case "iam" -> aws.roles();
            default ->
                    throw new ServiceError(
                            400, "UnknownServiceException", "the fake has no service " + name);
        };
    }

    private static Class<?> requestType(Service service, String operation) throws ServiceError {
        try {
            if (operation.chars().allMatch(Character::isLetterOrDigit)) {
                return Class.forName(service.packageName() + ".model." + operation + "Request");
            }
        } catch (ClassNotFoundException _) {
            // falls through: AWS has no such operation
        }
        throw new ServiceError(
                400, "UnknownOperationException", "There is no operation " + operation);
    }

    private static com.fasterxml.jackson.databind.JsonNode json(String body) throws ServiceError {
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException e) {
            throw new ServiceError(400, "SerializationException", e.getOriginalMessage());
        }
    }

    private static Reply ok(Protocol protocol, String service, String operation, SdkPojo answer) {
        if (protocol == Protocol.JSON) {
            return new Reply(200, "application/x-amz-json-1.1", Shapes.json(answer).toString());
        }
        String elements = Forms.xml(answer);
        String inner =
                service.equals("ec2")
                        ? Forms.wrapped("requestId", "fake") + elements
                        : Forms.wrapped(operation + "Result", elements)
                                + Forms.wrapped(
                                        "ResponseMetadata", Forms.wrapped("RequestId", "fake"));
        return new Reply(200, "text/xml", Forms.wrapped(operation + "Response", inner));
    }

    private static Reply error(Protocol protocol, String service, ServiceError e) {
        if (protocol == Protocol.JSON) {
            ObjectNode body = JSON.createObjectNode();
            body.put("__type", e.code());
            body.put("message", e.text());
            return new Reply(e.status(), "application/x-amz-json-1.1", body.toString());
        }
        String content =
                Forms.wrapped("Code", e.code()) + Forms.wrapped("Message", Forms.escaped(e.text()));
        String body =
                service.equals("ec2")
                        ? Forms.wrapped(
                                "Response",
                                Forms.wrapped("Errors", Forms.wrapped("Error", content))
                                        + Forms.wrapped("RequestID", "fake"))
                        : Forms.wrapped(
                                "ErrorResponse",
                                Forms.wrapped("Error", Forms.wrapped("Type", "Sender") + content)
                                        + Forms.wrapped("RequestId", "fake"));
        return new Reply(e.status(), "text/xml", body);
    }

    private void send(Exchange exchange, Reply reply, Optional<CallFaults.Fault> fault)
            throws IOException, InterruptedException {
        Reply last = reply;
        if (fault.isPresent()) {
            switch (fault.get()) {
                case CallFaults.Fault.LoseAnswer _ -> {
                    exchange.abort();
                    return;
                }
                case CallFaults.Fault.Garble(int status, String body) ->
                        last = new Reply(status, reply.type(), body);
                case CallFaults.Fault.Delay(Duration delay) -> Thread.sleep(delay);
                case CallFaults.Fault.Refuse _, CallFaults.Fault.Cut _ -> {}
            }
        }
        exchange.reply(
                last.status(),
                Map.of(
                        "Content-Type",
                        last.type(),
                        "x-amzn-RequestId",
                        aws.names().uuid(),
                        "Date",
                        date()),
                last.body().getBytes(UTF_8));
    }

    /** By its clock, so that who is told that his own is wrong can put it right. */
    private String date() {
        return DateTimeFormatter.RFC_1123_DATE_TIME.format(aws.realNow().atOffset(ZoneOffset.UTC));
    }

    /** What is known of a call so far. */
    private static final class Known {
        private String caller = "";
        private String region = "";
        private String outcome = "ok";
    }

    private void objects(Exchange real) throws IOException, InterruptedException {
        FakeStore.Request request = FakeStore.request(real);
        Known known = new Known();
        ToldExchange exchange =
                new ToldExchange(
                        real,
                        () ->
                                aws.record(
                                        new AwsCall(
                                                "s3",
                                                request.operation(),
                                                known.region,
                                                known.caller,
                                                target(real),
                                                shown(real),
                                                "",
                                                known.outcome)));
        try {
            Optional<Signature> signature = Signature.of(exchange.headers(), exchange.query());
            String region = signature.map(Signature::region).orElse("");
            known.region = region;
            Optional<CallFaults.Fault> fault = aws.faults().next("s3:" + request.operation());
            refuse(fault, region);
            if (fault.isPresent() && fault.get() instanceof CallFaults.Fault.Cut) {
                known.outcome = "cut";
                exchange.abort();
                return;
            }
            Caller who = verified(exchange, signature, Optional.empty());
            known.caller = who.arn();
            aws.store().answer(exchange, request, who, region);
        } catch (ServiceError e) {
            known.outcome = e.code();
            String body =
                    Forms.wrapped(
                            "Error",
                            Forms.wrapped("Code", s3Code(e.code()))
                                    + Forms.wrapped("Message", Forms.escaped(e.text())));
            boolean head = exchange.method().equals("HEAD");
            exchange.reply(
                    e.status() == SLOW_DOWN || e.status() >= 400 ? e.status() : 301,
                    Map.of("Content-Type", "application/xml", "Date", date()),
                    head ? new byte[0] : body.getBytes(UTF_8));
        } finally {
            exchange.tell();
        }
    }

    private static String s3Code(String code) {
        return switch (code) {
            case "UnrecognizedClientException" -> "InvalidAccessKeyId";
            case "ExpiredTokenException" -> "ExpiredToken";
            case "MissingAuthenticationTokenException" -> "AccessDenied";
            default -> code;
        };
    }

    private static String target(Exchange exchange) {
        String query = exchange.rawQuery();
        return exchange.path() + (query.isEmpty() ? "" : "?" + query);
    }

    /** The headers without what is there to prove who sent them. */
    private static Map<String, String> shown(Exchange exchange) {
        Map<String, String> headers = new LinkedHashMap<>(exchange.headers());
        headers.keySet().removeAll(Set.of("authorization", "x-amz-security-token"));
        return headers;
    }
}
