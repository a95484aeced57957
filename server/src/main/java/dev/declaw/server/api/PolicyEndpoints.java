package dev.declaw.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.egress.explain.PolicyExplainer;
import dev.declaw.egress.explain.Sample;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.network.HostName;
import dev.declaw.model.network.IpLiteral;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.NetworkPolicy;
import dev.declaw.model.policy.PolicyLint;
import dev.declaw.model.policy.PolicyReader;
import dev.declaw.model.policy.Reason;
import dev.declaw.model.policy.SecurityPolicy;
import dev.declaw.server.custom.CommandGate;
import dev.declaw.server.custom.CommandInputs;
import dev.declaw.server.lifecycle.Sandboxes;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/// Policies by themselves: replace that of a running sandbox, replay a request through one, find rules without effect.
final class PolicyEndpoints {
    /// Replays at one time: each may keep a processor busy for seconds.
    private static final int EXPLAINS_MAX = 2;
    private static final int EXPLAINS_PER_TENANT_MAX = 1;

    private static final int BODY_BYTES_MAX = 1024 * 1024;
    private static final int HOST_CHARS_MAX = 253;
    private static final int HEADERS_MAX = 100;
    private static final int URL_CHARS_MAX = 8192;

    private final Sandboxes sandboxes;
    private final SharedPermits explains = new SharedPermits(EXPLAINS_MAX, EXPLAINS_PER_TENANT_MAX);

    /// Made on first use: scanners take memory.
    private static final class Explainer {
        static final PolicyExplainer INSTANCE = new PolicyExplainer();
    }

    PolicyEndpoints(Sandboxes sandboxes) {
        this.sandboxes = sandboxes;
    }

    /// A member that is absent stays as it is; a null takes it away.
    void update(HttpCall call) {
        sandboxes.info(call.owner(), call.parameter("id")); // what is not there is not there, whatever is sent
        JsonNode body = Json.parse(call.bodyBytes());
        if (!body.isObject() || !body.has("security") && !body.has("network")) {
            throw JsonBody.wrong("", "must be an object with security, network, or both");
        }
        Sandboxes.PolicyUpdated updated = sandboxes.updatePolicy(
                call.owner(),
                call.parameter("id"),
                java.util.Optional.ofNullable(body.get("security")),
                java.util.Optional.ofNullable(body.get("network")));
        ObjectNode answer = Json.object()
                .put("sandbox_id", call.parameter("id"))
                .put("policy_version", updated.version());
        warnings(answer, updated.warnings());
        call.json(200, answer);
    }

    /// `{"accepted": true, "valid": true, "warnings": […], "findings": […]}`, or the error that a create would answer with. Findings are rules
    /// that can have no effect.
    void lint(HttpCall call) {
        PolicyReader.Result read = read(call.body());
        ObjectNode answer = Json.object().put("accepted", true).put("valid", true);
        List<String> warnings = new ArrayList<>(read.warnings());
        warnings.addAll(sandboxes.commandGate().policies().check(read.policy()));
        warnings(answer, warnings);
        ArrayNode findings = answer.putArray("findings");
        PolicyLint.of(read.policy()).forEach(finding -> findings.addObject()
                .put("code", finding.code())
                .put("field", finding.field())
                .put("message", finding.message()));
        call.json(200, answer);
    }

    private static PolicyReader.Result read(JsonBody body) {
        return PolicyReader.read(body.node("security").orElse(null), body.node("network").orElse(null));
    }

    /// Replays `request` through every stage; with a `command`, tells what the command rules say to it; with a `host` alone, tells what the network rules say to it. A name's answer is
    /// the one before it is resolved: what it resolves to is judged again when it is dialled.
    void explain(HttpCall call) {
        JsonBody body = call.body();
        PolicyReader.Result read = read(body);
        sandboxes.commandGate().policies().check(read.policy());
        if (body.node("command").isPresent()) {
            call.json(200, command(read.policy(), CommandRequest.command(body, "command")));
            return;
        }
        if (body.node("request").isEmpty()) {
            call.json(200, host(read.policy().network(), body.requiredText("host", HOST_CHARS_MAX)));
            return;
        }
        Sample sample = sample(JsonBody.of("request", body.node("request").get()));
        if (explains.tryAcquire(call.owner()) != SharedPermits.Outcome.TAKEN) {
            throw new PlatformFailure.QuotaExceeded(
                    "too_many_explains",
                    "this server explains " + EXPLAINS_MAX + " requests at one time, and " + EXPLAINS_PER_TENANT_MAX + " of an account; try again", 2);
        }
        try {
            ObjectNode answer = Explainer.INSTANCE.explain(read.policy(), sample, sandboxes.commandGate().policies().engine());
            warnings(answer, read.warnings());
            call.json(200, answer);
        } finally {
            explains.release(call.owner());
        }
    }

    private static ObjectNode host(NetworkPolicy network, String host) {
        Decision decision = IpLiteral.parse(host)
                .map(network::decideAddress)
                .or(() -> HostName.parse(host).map(network::decideName))
                .orElseThrow(() -> JsonBody.wrong("host", "must be a host name or an IP address"));
        ObjectNode answer = Json.object()
                .put("host", host)
                .put("decision", decision.wire())
                .put("reason", decision.reason().code());
        decision.rule().ifPresent(rule -> answer.put("rule", rule));
        return answer;
    }

    private ObjectNode command(SecurityPolicy policy, String line) {
        CommandGate.Answer answer = sandboxes.commandGate().judge(policy, CommandInputs.ofLine(line));
        Decision decision = answer.decision().orElse(Decision.allow(Reason.ALLOWED_BY_DEFAULT, null));
        ObjectNode told = Json.object()
                .put("decision", decision.wire())
                .put("reason", decision.reason().code())
                .put("text", decision.reason().text());
        decision.rule().ifPresent(rule -> told.put("rule", rule));
        if (!answer.messages().isEmpty()) told.put("messages", answer.messages());
        return told;
    }

    private static Sample sample(JsonBody request) {
        String text = request.requiredText("url", URL_CHARS_MAX);
        URI url;
        try {
            url = new URI(text);
        } catch (URISyntaxException e) {
            throw JsonBody.wrong("request.url", "is no URL");
        }
        String scheme = url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
        if (!scheme.equals("https") && !scheme.equals("http") || url.getHost() == null) {
            throw JsonBody.wrong("request.url", "must be like https://host/path");
        }
        int port = url.getPort() >= 0 ? url.getPort() : scheme.equals("https") ? 443 : 80;
        String path = url.getRawPath() == null || url.getRawPath().isEmpty() ? "/" : url.getRawPath();
        String target = url.getRawQuery() == null ? path : path + "?" + url.getRawQuery();
        String method = request.text("method", 20).orElse("GET").toUpperCase(Locale.ROOT);
        String host = url.getHost().replace("[", "").replace("]", "");
        return new Sample(scheme, host, port, method, target, headers(request), body(request));
    }

    private static List<Sample.Header> headers(JsonBody request) {
        List<Sample.Header> headers = new ArrayList<>();
        JsonNode node = request.node("headers").orElse(Json.object());
        if (!node.isObject() || node.size() > HEADERS_MAX) {
            throw JsonBody.wrong("request.headers", "must be an object of at most " + HEADERS_MAX + " texts");
        }
        node.properties().forEach(header -> {
            if (!header.getValue().isTextual()) throw JsonBody.wrong("request.headers." + header.getKey(), "must be a string");
            headers.add(new Sample.Header(header.getKey(), header.getValue().textValue()));
        });
        return headers;
    }

    private static byte[] body(JsonBody request) {
        byte[] body = request.text("body", BODY_BYTES_MAX)
                .map(text -> text.getBytes(StandardCharsets.UTF_8))
                .orElseGet(() -> request.text("body_base64", 2 * BODY_BYTES_MAX)
                        .map(PolicyEndpoints::decoded)
                        .orElse(new byte[0]));
        if (body.length > BODY_BYTES_MAX) throw JsonBody.wrong("request.body", "is longer than " + BODY_BYTES_MAX + " bytes");
        return body;
    }

    private static byte[] decoded(String text) {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw JsonBody.wrong("request.body_base64", "is no base64");
        }
    }

    private static void warnings(ObjectNode answer, List<String> warnings) {
        ArrayNode list = answer.putArray("warnings");
        warnings.forEach(list::add);
    }
}
