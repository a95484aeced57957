package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.rego.Gate;
import dev.declaw.rego.PolicyService;
import dev.declaw.model.policy.CustomPolicy;
import dev.declaw.server.fake.FakeHost;
import dev.declaw.server.fake.MovedClock;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import dev.declaw.server.governance.GovernancePacks;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Rego at the API, with the real policy service.
final class CustomPolicyEndpointsTest {
    private static final Path BINARY = Path.of("..", ".build", "policyd").toAbsolutePath().normalize();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String NO_RM = "package declaw.platform.cmd\ndeny contains sprintf(\"%s is dangerous\", [input.action.command]) if input.action.command == \"rm\"";

    private static PolicyService service;

    @TempDir
    Path home;

    private TestServer server;
    private RawHttp http;

    @BeforeAll
    static void startService() throws InterruptedException {
        assumeThat(Files.isReadable(Path.of("/etc/shadow"))).as("needs root").isTrue();
        assumeThat(Files.isExecutable(BINARY)).as("./declaw test builds it").isTrue();
        service = PolicyService.start(new PolicyService.Settings(
                BINARY, "declaw-policyd-api-" + ProcessHandle.current().pid(), List.of(0)));
        TestServer.policies = Optional.of(service.engine());
    }

    @AfterAll
    static void stopService() {
        TestServer.policies = Optional.empty();
        if (service != null) service.close();
    }

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(home, new FakeHost(), new MovedClock(), TestServer.SETTINGS);
        http = server.http;
    }

    @AfterEach
    void stop() {
        if (server != null) server.close();
    }

    private static ObjectNode with(String... modules) {
        ObjectNode body = JSON.createObjectNode();
        ObjectNode custom = body.putObject("security").putObject("custom_policy").put("enabled", true);
        for (String module : modules) custom.withArray("inline_modules").add(module);
        return body;
    }

    private String create(ObjectNode body) {
        RawHttp.Answer created = http.post("/sandboxes", body.toString());
        assertThat(created.status()).as(created.text()).isEqualTo(201);
        return created.json().path("sandbox_id").textValue();
    }

    @Test
    void aDeniedCommandIsNotStartedAtAnyDoor() {
        RawHttp.Answer created = http.post("/sandboxes", with(NO_RM).toString());
        assertThat(created.json().path("warnings").toString()).contains("only what comes through the API");
        String id = created.json().path("sandbox_id").textValue();
        for (String call : List.of("/commands", "/commands/stream", "/stdio")) {
            RawHttp.Answer denied = http.post("/sandboxes/" + id + call, "{\"cmd\": \"cd /tmp && /bin/rm -rf x\"}");
            assertThat(denied.status()).as(denied.text()).isEqualTo(403);
            assertThat(denied.json().path("code").textValue()).isEqualTo("command_denied");
            assertThat(denied.json().path("message").textValue()).endsWith("rm is dangerous");
        }
        JsonNode events = http.get("/sandboxes/" + id + "/audit?event=command_judged").json().path("entries");
        assertThat(events).hasSize(3);
        assertThat(events.toString()).contains("declaw.platform.cmd.deny").doesNotContain("dangerous").doesNotContain("/bin/rm");
        assertThat(http.get("/sandboxes/" + id + "/audit?event=command_run").json().path("entries")).isEmpty();
        String terminals = create(with("package declaw.platform.cmd\ndeny contains \"no shells\" if input.action.command == \"bash\""));
        assertThat(http.post("/sandboxes/" + terminals + "/pty", "{}").json().path("code").textValue()).isEqualTo("command_denied");
    }

    @Test
    void anEvaluationThatFailsDeniesUnlessTheOwnerSaidOtherwise() {
        String failing = "package declaw.platform.cmd\ndeny contains \"x\" if to_number(input.action.command) == 1";
        String strict = create(with(failing));
        assertThat(http.post("/sandboxes/" + strict + "/commands", "{\"cmd\": \"ls\"}").json().path("code").textValue())
                .isEqualTo("command_not_evaluated");
        ObjectNode open = with(failing);
        ((ObjectNode) open.path("security").path("custom_policy")).put("default_deny", false);
        RawHttp.Answer created = http.post("/sandboxes", open.toString());
        assertThat(created.json().path("warnings").toString()).contains("default_deny: false");
        String lenient = created.json().path("sandbox_id").textValue();
        assertThat(http.post("/sandboxes/" + lenient + "/commands", "{\"cmd\": \"ls\"}").status()).isEqualTo(200);
        assertThat(http.get("/sandboxes/" + lenient + "/audit?event=command_judged").text())
                .contains("\"reason\":\"custom_policy_failed\"").contains("\"decision\":\"allow\"");
    }

    @Test
    void lintAndExplainKnowTheRules() {
        RawHttp.Answer bad = http.post("/policies/lint", with("package declaw.platform.cmd\n\ndeny contains x if y == 1").toString());
        assertThat(bad.status()).isEqualTo(400);
        assertThat(bad.text()).contains("inline_modules[0]: does not compile: line 3, column 15: var ");
        assertThat(http.post("/policies/lint", with("package other\nx := 1").toString()).json().path("warnings").toString())
                .contains("denies nothing");
        assertThat(http.post("/policies/lint", with("package declaw.platform.content\ndeny contains \"x\" if true").toString())
                        .json().path("warnings").toString())
                .contains("content_gate.domains");
        JsonNode command = http.post("/policies/explain", with(NO_RM).put("command", "sudo -u x rm y").toString()).json();
        assertThat(command.path("decision").textValue()).isEqualTo("deny");
        assertThat(command.path("rule").textValue()).isEqualTo("declaw.platform.cmd.deny");
        assertThat(command.path("messages").textValue()).isEqualTo("rm is dangerous");
        ObjectNode network = with("package declaw.platform.network\ndeny contains \"x\" if input.action.host == \"a.example\"");
        network.putObject("request").put("url", "https://a.example/x");
        JsonNode explained = http.post("/policies/explain", network.toString()).json();
        assertThat(explained.path("decision").textValue()).isEqualTo("deny");
        assertThat(explained.path("stages").toString()).contains("custom_policy_network");
    }

    @Test
    void anUpdateSwapsTheRules() {
        String id = create(JSON.createObjectNode());
        assertThat(http.post("/sandboxes/" + id + "/commands", "{\"cmd\": \"rm x\"}").status()).isEqualTo(200);
        assertThat(http.call("PUT", "/sandboxes/" + id + "/policy", with(NO_RM).toString()).status()).isEqualTo(200);
        assertThat(http.post("/sandboxes/" + id + "/commands", "{\"cmd\": \"rm x\"}").status()).isEqualTo(403);
        assertThat(http.call("PUT", "/sandboxes/" + id + "/policy", with("package a\nb := c").toString()).status()).isEqualTo(400);
        assertThat(http.post("/sandboxes/" + id + "/commands", "{\"cmd\": \"rm x\"}").status()).as("the old rules stay").isEqualTo(403);
        assertThat(http.call("PUT", "/sandboxes/" + id + "/policy", "{\"security\": null}").status()).isEqualTo(200);
        assertThat(http.post("/sandboxes/" + id + "/commands", "{\"cmd\": \"rm x\"}").status()).isEqualTo(200);
    }

    @Test
    void eachPackIsRegoWithTheGatesThatItIsListedWith() {
        for (GovernancePacks.Pack pack : GovernancePacks.all()) {
            CustomPolicy named = new CustomPolicy(List.of(), Optional.of(pack.policyRef()), false);
            assertThat(service.engine().compile(named).gates().stream().map(Gate::wire))
                    .as(pack.policyRef())
                    .containsExactlyInAnyOrderElementsOf(pack.gates());
        }
    }
}
