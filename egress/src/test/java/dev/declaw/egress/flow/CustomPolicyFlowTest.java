package dev.declaw.egress.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.rego.PolicyService;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Rego at the proxy's gates with the real policy service and a real TLS origin.
class CustomPolicyFlowTest {
    private static final Path BINARY = Path.of("..", ".build", "policyd").toAbsolutePath().normalize();
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    private static final String ALLOW = "{\"allow_out\":[\"*.test\"]}";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PATHS = """
            package declaw.platform.network
            deny contains "no writing" if { input.action.destination == "api.test"; input.action.method == "POST" }
            deny contains "no secrets" if startswith(input.action.path, "/secret")
            """;
    private static final String MODELS = """
            package declaw.platform.content
            deny contains sprintf("not %s", [input.attributes.model]) if input.attributes.model != "small"
            deny contains "too many" if input.attributes.body.n > 3
            """;

    private static PolicyService service;

    @BeforeAll
    static void start() throws InterruptedException {
        assumeThat(Files.isReadable(Path.of("/etc/shadow"))).as("needs root").isTrue();
        assumeThat(Files.isExecutable(BINARY)).as("./declaw test builds it").isTrue();
        service = PolicyService.start(new PolicyService.Settings(
                BINARY, "declaw-policyd-flow-" + ProcessHandle.current().pid(), List.of(0)));
        FlowRig.policies = Optional.of(service.engine());
    }

    @AfterAll
    static void stop() {
        FlowRig.policies = Optional.empty();
        if (service != null) service.close();
    }

    private static ObjectNode policy(String rego) {
        ObjectNode policy = JSON.createObjectNode();
        policy.putObject("custom_policy").put("enabled", true).putArray("inline_modules").add(rego);
        return policy;
    }

    private static ObjectNode gated(String rego) {
        ObjectNode policy = policy(rego);
        policy.putObject("content_gate").put("enabled", true).putArray("domains").add("api.test");
        return policy;
    }

    private record Result(String answer, String received, String events) {}

    private static Result post(ObjectNode policy, boolean tls, String line, String body) throws Exception {
        try (FlowRig rig = new FlowRig(policy.toString(), ALLOW);
                Origin origin = Origin.answering(tls ? rig.originTls.serverFor("api.test") : null, OK);
                Socket client = tls ? rig.tlsToName("api.test", origin.port()) : rig.toName("api.test", origin.port())) {
            FlowRig.send(client, line + " HTTP/1.1\r\nHost: api.test:" + origin.port() + "\r\nContent-Type: application/json\r\n"
                    + (body.isEmpty() ? "" : "Content-Length: " + body.length() + "\r\n") + "\r\n");
            if (!body.isEmpty()) {
                Thread.sleep(20); // the body comes while the rules are asked, or after
                FlowRig.send(client, body);
            }
            String answer = FlowRig.readResponse(client);
            rig.await(e -> e.event().equals("egress_allowed") || e.event().equals("egress_blocked"));
            return new Result(answer, origin.received(), rig.events().stream().map(e -> e.toJson().toString()).toList().toString());
        }
    }

    @Test
    void networkRulesJudgeEachRequestByMethodAndPath() throws Exception {
        Result read = post(policy(PATHS), false, "GET /a?x=/secret", "");
        assertThat(read.answer()).endsWith("hi");
        Result written = post(policy(PATHS), false, "POST /a", "{}");
        assertThat(written.answer()).startsWith("HTTP/1.1 403 ").contains("\"code\":\"custom_policy_denied\"");
        assertThat(written.received()).isEmpty();
        assertThat(written.events()).contains("\"rule\":\"declaw.platform.network.deny\"").doesNotContain("no writing");
        assertThat(post(policy(PATHS), false, "GET /secret/x", "").received()).isEmpty();
    }

    @Test
    void aBodyThatComesWhileTheRulesAreAskedIsNotLost() throws Exception {
        String body = "{\"x\":\"" + "y".repeat(100_000) + "\"}";
        Result passed = post(policy("package declaw.platform.network\ndeny contains \"x\" if input.action.path == \"/other\""), false, "POST /a", body);
        assertThat(passed.answer()).endsWith("hi");
        assertThat(passed.received()).endsWith(body);
    }

    @Test
    void aBodyThatOthersReadMoreLenientlyIsNotEvaluated() throws Exception {
        String body = "{\"model\":\"small\",\"n\":9,\"x\":\"\u00ff\"}"; // sent as Latin-1, so no UTF-8: many a parser reads it all the same
        Result lenient = post(gated(MODELS), true, "POST /v1", body);
        assertThat(lenient.answer()).contains("\"code\":\"custom_policy_failed\"");
        assertThat(lenient.received()).isEmpty();
        String large = "package declaw.platform.content\ndeny contains \"x\" if input.attributes.model == \"large\"";
        assertThat(post(gated(large), true, "POST /v1", "{\"model\":\"large\"} x").received()).isEmpty();
        assertThat(post(gated(large), true, "POST /v1", "{\"model\":\"large\",\"x\":\"\u00ff\"}").received()).isEmpty();
        String many = java.util.stream.IntStream.range(0, 8).mapToObj(i -> "\"model\":\"m" + i + "\",").reduce("{", String::concat);
        assertThat(post(gated(large), true, "POST /v1", many + "\"model\":\"large\"}").received()).isEmpty();
        String paths = "package declaw.platform.content\ndeny contains \"x\" if input.attributes.path == \"/closed\"";
        assertThat(post(gated(paths), true, "POST /v1", body).answer()).as("rules that do not ask for it").endsWith("hi");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/%73ecret/x", "//secret/x", "/a/../secret/x", "/./secret", "/a/%2e%2e/secret", "/a%2f..%2fsecret", "/secret%2Fx"})
    void aPathIsJudgedAsItIsWrittenAndAsServersReadIt(String path) throws Exception {
        Result network = post(policy(PATHS), false, "GET " + path, "");
        assertThat(network.answer()).startsWith("HTTP/1.1 403 ").contains("\"code\":\"custom_policy_denied\"");
        assertThat(network.received()).isEmpty();
        String content = "package declaw.platform.content\ndeny contains \"x\" if startswith(input.attributes.endpoint, \"GET /secret\")";
        assertThat(post(gated(content), true, "GET " + path, "").received()).isEmpty();
    }

    @Test
    void contentRulesJudgeModelAndBodyOfWhatIsRead() throws Exception {
        assertThat(post(gated(MODELS), true, "POST /v1", "{\"model\":\"small\",\"n\":1}").answer()).endsWith("hi");
        Result model = post(gated(MODELS), true, "POST /v1", "{\"model\":\"small\",\"MODEL\":\"large\"}");
        assertThat(model.answer()).startsWith("HTTP/1.1 403 ").contains("\"scanner\":\"custom_policy\"").contains("not large");
        assertThat(model.events()).contains("\"custom_policy\":\"blocked\"", "declaw.platform.content.deny").doesNotContain("not large");
        assertThat(post(gated(MODELS), true, "POST /v1", "{\"model\":\"small\",\"n\":9}").received()).isEmpty();
        Result twice = post(gated(MODELS), true, "POST /v1", "{\"model\":\"small\",\"n\":9,\"n\":1}");
        assertThat(twice.answer()).contains("\"code\":\"custom_policy_failed\"");
    }

    @Test
    void whatCannotBeEvaluatedIsDeniedUnlessTheOwnerSaidOtherwise() throws Exception {
        String failing = "package declaw.platform.content\ndeny contains \"x\" if to_number(input.attributes.method) == 1";
        assertThat(post(gated(failing), true, "GET /", "").answer()).startsWith("HTTP/1.1 403 ").contains("custom_policy_failed");
        ObjectNode lenient = gated(failing);
        ((ObjectNode) lenient.path("custom_policy")).put("default_deny", false);
        Result passed = post(lenient, true, "GET /", "");
        assertThat(passed.answer()).endsWith("hi");
        assertThat(passed.events()).contains("\"custom_policy\":\"failed\"");
        String network = failing.replace("content", "network").replace("attributes", "action");
        assertThat(post(policy(network), false, "GET /", "").answer()).contains("custom_policy_failed");
    }

    @Test
    void aReportingPolicyTellsAndLetsPass() throws Exception {
        ObjectNode reporting = gated(MODELS).put("mode", "report");
        Result passed = post(reporting, true, "POST /v1", "{\"model\":\"large\"}");
        assertThat(passed.answer()).endsWith("hi");
        assertThat(passed.events()).contains("\"decision\":\"report\"", "\"custom_policy\":\"would_be_blocked\"");
        Result network = post(policy(PATHS).put("mode", "report"), false, "POST /a", "{}");
        assertThat(network.answer()).endsWith("hi");
        assertThat(network.events()).contains("\"reason\":\"custom_policy_denied\"", "\"decision\":\"report\"");
    }

    @Test
    void aConnectionThatPassesUnreadIsCutBeforeItIsDialled() throws Exception {
        String rule = "package declaw.platform.network\ndeny contains \"no\" if input.action.destination == \"api.test\"";
        try (FlowRig rig = new FlowRig(policy(rule).toString(), ALLOW);
                Origin origin = Origin.answering(rig.originTls.serverFor("api.test"), OK)) {
            try (Socket client = FlowRig.tls(rig.toName("api.test", origin.port()), "api.test", rig.originTls.root())) {
                FlowRig.send(client, "GET / HTTP/1.1\r\nHost: api.test\r\n\r\n");
                assertThat(FlowRig.readAll(client)).doesNotContain("hi");
            } catch (java.io.IOException cut) {
                assertThat(cut).isNotNull();
            }
            assertThat(rig.awaitBlocked("custom_policy_denied").toJson().toString()).contains("declaw.platform.network.deny");
            assertThat(origin.received()).isEmpty();
        }
    }
}
