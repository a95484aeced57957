package dev.declaw.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.sdk.WireServer.Answer;
import dev.declaw.sdk.policy.NetworkRules;
import dev.declaw.sdk.policy.Scanner;
import dev.declaw.sdk.policy.SecurityPolicy;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What goes over the wire and what comes of the answers.
@Timeout(60)
class SdkTest {
    private static final String BASE = "/sandboxes/sbx-1";
    private final WireServer server = new WireServer();
    private Declaw declaw;
    private Sandbox sandbox;

    @BeforeEach
    void connect() {
        server.on("POST", "/sandboxes", Answer.json(201, "{'sandbox_id': 'sbx-1', 'warnings': ['mind the gap']}"));
        server.on("DELETE", BASE, Answer.json(202, "{'queued': true}"));
        declaw = server.client();
        sandbox = declaw.sandbox().create();
        server.requests.clear();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void aCreateCarriesWhatWasAskedAndOneKeyOverItsAttempts() {
        server.on(
                "POST", "/sandboxes",
                Answer.failure(503, "no_capacity"), Answer.failure(409, "idempotency_in_progress"),
                Answer.json(201, "{'sandbox_id': 'sbx-7'}"));
        Sandbox made = declaw.sandbox()
                .timeout(Duration.ZERO)
                .variables(Map.of("COLOR", "blue"))
                .network(NetworkRules.allow("api.example.com"))
                .security(SecurityPolicy.builder()
                        .scan(Scanner.Pii.redact(Scanner.PersonalData.SSN))
                        .scan(Scanner.Injection.block("api.openai.com"))
                        .build())
                .lifecycle(SandboxBuilder.OnTimeout.PAUSE, true)
                .volume(new Volumes.Attachment("vol-1", "/data", Volumes.Mode.MOUNT_READ_ONLY, Optional.of("a")))
                .create();
        assertThat(made.id()).isEqualTo("sbx-7");
        assertThat(server.requests).hasSize(3);
        assertThat(server.requests.stream().map(r -> r.headers().get("idempotency-key")).distinct()).hasSize(1);
        assertThat(server.last().body())
                .isEqualTo(("{'template':'base','timeout':0,'secure':true,'envs':{'COLOR':'blue'},"
                                + "'network':{'allow_out':['api.example.com'],'deny_out':['*']},"
                                + "'security':{'pii':{'enabled':true,'action':'redact','rehydrate_response':true,'types':['ssn']},"
                                + "'injection_defense':{'enabled':true,'action':'block','domains':['api.openai.com']}},"
                                + "'lifecycle':{'on_timeout':'pause','auto_resume':true},"
                                + "'volumes':[{'volume_id':'vol-1','mount_path':'/data','mode':'mount-ro','subpath':'a'}]}")
                        .replace('\'', '"'));
    }

    @Test
    void aSandboxMadeHereEndsWithItsBlockAndAConnectedOneDoesNot() {
        assertThat(sandbox.warnings()).containsExactly("mind the gap");
        sandbox.close();
        assertThat(server.last().method()).isEqualTo("DELETE");
        server.requests.clear();
        server.on("GET", BASE, Answer.json(200, "{'sandbox_id': 'sbx-1', 'state': 'running'}"));
        Sandbox connected = declaw.connect("sbx-1");
        connected.close();
        assertThat(server.requests).extracting(WireServer.Request::method).containsExactly("GET");
    }

    @Test
    void aCommandIsNeverSentTwiceAndAReadIs() {
        server.on("POST", BASE + "/commands", Answer.failure(502, "guest_unreachable"));
        assertThatThrownBy(() -> sandbox.commands().run("true"))
                .isInstanceOfSatisfying(DeclawException.Unavailable.class, e -> {
                    assertThat(e.code()).isEqualTo("guest_unreachable");
                    assertThat(e.reference()).isEqualTo("ref-1");
                });
        assertThat(server.requests).hasSize(1);
        server.on("GET", BASE + "/status", Answer.failure(503, "shutting_down"), Answer.json(200, "{'is_running': true}"));
        assertThat(sandbox.isRunning()).isTrue();
    }

    @Test
    void linesArriveWhileTheCommandRuns() {
        CountDownLatch goOn = new CountDownLatch(1);
        server.on("POST", BASE + "/commands/stream", Answer.stream(
                ": open\n\n", output("one\\ntw"), goOn, output("o\\n\\nlast"), "event: exit\ndata: {\"exit_code\":3}\n\n"));
        List<String> lines = new ArrayList<>();
        CommandResult result = sandbox.commands().run("work", RunOptions.defaults().onStdout(line -> {
            lines.add(line);
            goOn.countDown(); // were lines held back until the end, nothing would ever come
        }));
        assertThat(lines).containsExactly("one", "two", "", "last");
        assertThat(result).isEqualTo(new CommandResult("one\ntwo\n\nlast", "", 3));
        assertThatThrownBy(result::orThrow).isInstanceOf(DeclawException.CommandFailed.class).hasMessageContaining("last");
    }

    private static String output(String text) {
        return "event: output\ndata: {\"type\":\"stdout\",\"data\":\"" + text + "\"}\n\n";
    }

    @Test
    void aStreamWithoutItsEndIsAFailureAndNoResult() {
        server.on("POST", BASE + "/commands/stream", Answer.stream(output("half")));
        assertThatThrownBy(() -> sandbox.commands().run("work", RunOptions.defaults().onStdout(line -> {})))
                .isInstanceOf(DeclawException.ConnectionFailed.class)
                .extracting(e -> ((DeclawException) e).code())
                .isEqualTo("stream_cut_off");
    }

    @Test
    void closingAStreamEndsAReadThatWaits() throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        server.on("GET", BASE + "/pty/9/stream", Answer.stream(": open\n\n", never));
        try (OutputStreamed output = sandbox.terminal(9).output()) {
            Thread closer = Thread.ofVirtual().start(() -> closeSoon(output));
            assertThat(output.read()).isEmpty();
            closer.join();
        } finally {
            never.countDown();
        }
    }

    private static void closeSoon(OutputStreamed output) {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        output.close();
    }

    @Test
    void aTerminalIsOpenedTypedIntoResizedAndRead() {
        server.on("POST", BASE + "/pty", Answer.json(201, "{'pid': 9}"));
        String bytes = Base64.getEncoder().encodeToString("$ \u00fc".getBytes(StandardCharsets.UTF_8));
        server.on("GET", BASE + "/pty/9/stream", Answer.stream(
                "event: data\ndata: {\"data\":\"" + bytes + "\"}\n\n", "event: exit\ndata: {\"exit_code\":5}\n\n"));
        server.on("POST", BASE + "/pty/9/stdin", Answer.json(200, "{}"));
        server.on("PATCH", BASE + "/pty/9", Answer.json(200, "{}"));
        Terminal terminal = sandbox.openTerminal(Terminal.Options.defaults().sized(120, 40).living(Duration.ZERO));
        assertThat(server.last().body())
                .isEqualTo("{\"size\":{\"cols\":120,\"rows\":40},\"user\":\"user\",\"timeout\":0}");
        terminal.type("\u0003");
        assertThat(server.last().body()).isEqualTo("{\"data\":\"\\u0003\"}");
        terminal.resize(80, 24);
        try (OutputStreamed output = terminal.output()) {
            assertThat(output.read().orElseThrow().text()).isEqualTo("$ ü");
            assertThat(output.read()).isEmpty();
            assertThat(output.exitCode()).hasValue(5);
        }
    }

    @Test
    void filesStreamBothWaysUnderOddNames(@TempDir Path folder) throws Exception {
        String odd = "/home/user/a b&c#+ü%41";
        server.on("PUT", BASE + "/files/raw", Answer.json(200, "{'path': 'x', 'size': 3}"));
        server.on("GET", BASE + "/files/raw", Answer.stream("con", "tent"));
        assertThat(sandbox.files().write(odd, new ByteArrayInputStream(new byte[3]))).isEqualTo(3);
        assertThat(server.last().query()).isEqualTo("path=%2Fhome%2Fuser%2Fa%20b%26c%23%2B%C3%BC%2541&username=user");
        assertThat(sandbox.files().readText(odd)).isEqualTo("content");
        assertThat(sandbox.files().as("root").download(odd, folder.resolve("got"))).isEqualTo(7);
        assertThat(server.last().query()).endsWith("username=root");
        assertThat(folder.resolve("got")).hasContent("content");
    }

    @Test
    void theAuditLogIsPagedAndFollowedOverABreak() {
        server.on(
                "GET", BASE + "/audit",
                Answer.json(200, "{'entries': [{'sequence': 1, 'event': 'egress_blocked', 'host': 'x.example'}], 'next_token': '1'}"),
                Answer.json(200, "{'entries': [{'sequence': 2}], 'next_token': null}"));
        List<AuditEvent> found = sandbox.audit().query(Audit.Filter.all().decision("deny").host("x.example"));
        assertThat(found).extracting(AuditEvent::sequence).containsExactly(1L, 2L);
        assertThat(found.getFirst().attributes().text("host")).isEqualTo("x.example");
        assertThat(server.last().query()).contains("next_token=1").contains("decision=deny");
        server.on(
                "GET", BASE + "/audit",
                Answer.stream("event: audit\ndata: {\"sequence\":3}\n\n"),
                Answer.stream("event: audit\ndata: {\"sequence\":4}\n\n", "event: end\ndata: {}\n\n"));
        List<Long> followed = new ArrayList<>();
        sandbox.audit().follow(Audit.Filter.all(), event -> followed.add(event.sequence()));
        assertThat(followed).containsExactly(3L, 4L);
        assertThat(server.last().query()).contains("next_token=3");
    }

    @Test
    void forksAreAllMadeOrNone() {
        server.on("POST", BASE + "/snapshot", Answer.json(201, "{'snapshot_id': 'snap-1', 'sandbox_id': 'sbx-1'}"));
        server.on("GET", BASE, Answer.json(200, "{'sandbox_id': 'sbx-1', 'timeout': 300, 'network': {'deny_out': ['*']}}"));
        server.on("DELETE", "/sandboxes/sbx-f1", Answer.json(202, "{}"));
        server.on("POST", "/sandboxes", Answer.json(201, "{'sandbox_id': 'sbx-f1'}"), Answer.failure(429, "too_many_sandboxes"));
        assertThatThrownBy(() -> sandbox.fork(2)).isInstanceOf(DeclawException.RateLimited.class);
        assertThat(server.last().path()).isEqualTo("/sandboxes/sbx-f1");
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "400,invalid_policy,InvalidPolicy", "401,unauthenticated,Unauthenticated", "403,x,PermissionDenied", "404,x,NotFound",
        "409,template_not_ready,TemplateNotReady", "409,x,Conflict", "410,sandbox_killed,Gone", "413,x,TooLarge",
        "422,not_available,InvalidArgument", "429,x,RateLimited", "504,x,Unavailable", "500,internal,DeclawException"
    })
    void eachFailureHasAClassAndItsCode(int status, String code, String kind) {
        server.on("POST", "/sandboxes", Answer.failure(status, code));
        assertThatThrownBy(() -> declaw.sandbox().create()).isInstanceOfSatisfying(DeclawException.class, e -> {
            assertThat(e.getClass().getSimpleName()).isEqualTo(kind);
            assertThat(e.code()).isEqualTo(code);
            assertThat(e.status()).isEqualTo(status);
        });
    }

    @Test
    void badUseIsRefusedBeforeAnythingIsSent() {
        List<ThrowingCallable> bad = List.of(
                () -> declaw.connect("../etc"),
                () -> declaw.sandbox().timeout(Duration.ofSeconds(-1)),
                () -> declaw.sandbox().variables(Map.of("A B", "x")),
                () -> NetworkRules.allow("https://example.com"),
                () -> Scanner.Injection.block(),
                () -> new Scanner.Toxicity(Scanner.Action.REDACT, Optional.empty(), List.of()),
                () -> new Scanner.Toxicity(Scanner.Action.BLOCK, Optional.of(1.5), List.of()),
                () -> new SecurityPolicy.Rego(Optional.empty(), Optional.empty(), Optional.empty()),
                () -> new Volumes.Attachment("vol-1", "/etc/", Volumes.Mode.COPY, Optional.empty()),
                () -> declaw.vault().create("x", "sk-hidden", List.of()),
                () -> sandbox.commands().run(" "),
                () -> sandbox.commands().connect(0),
                () -> sandbox.files().readText(""),
                () -> sandbox.host(0),
                () -> sandbox.fork(0),
                () -> Audit.Filter.all().decision("maybe"),
                () -> Terminal.Options.defaults().sized(0, 1),
                () -> TemplateSteps.dockerfile("RUN x"),
                () -> Connection.of("ftp://x", "k"),
                () -> Connection.of("h:1", "a key"));
        for (ThrowingCallable use : bad) {
            assertThatThrownBy(use).isInstanceOf(DeclawException.InvalidArgument.class).hasMessageNotContaining("sk-hidden");
        }
        assertThat(server.requests).isEmpty();
    }

    @Test
    void nothingPrintsASecret() {
        assertThat(List.of(declaw, declaw.connection(), sandbox, declaw.sandbox().variables(Map.of("K", "sk-hidden")),
                        RunOptions.defaults().with(Map.of("K", "sk-hidden")), new Account.NewKey("k1", "ci", "sk-hidden"))
                .toString())
                .doesNotContain("hidden");
    }

    @Test
    void nobodyThereNamesTheAddressAndTheRemedy() {
        Declaw nobody = new Declaw(Connection.of("127.0.0.1:1", "dcl_hidden-key"));
        assertThatThrownBy(nobody::health)
                .isInstanceOf(DeclawException.ConnectionFailed.class)
                .hasMessageContaining("http://127.0.0.1:1")
                .hasMessageContaining("./declaw up");
    }

    @Test
    void aPolicyIsReplacedWhileItRuns() {
        server.on("PUT", BASE + "/policy", Answer.json(200, "{'sandbox_id': 'sbx-1', 'policy_version': 2}"));
        SecurityPolicy policy = SecurityPolicy.builder()
                .scan(Scanner.Pii.redact(Scanner.PersonalData.IBAN).to("api.example.com")
                        .with(Scanner.CustomType.pattern("employee_id", "E[0-9]{7}").near("staff")))
                .gate(new SecurityPolicy.Gate(List.of("api.openai.com"), List.of("gpt-*"), List.of()))
                .build();
        assertThat(sandbox.setPolicy(Optional.of(policy), Optional.empty())).isEqualTo(2);
        assertThat(server.last().body())
                .isEqualTo(("{'security':{'pii':{'enabled':true,'action':'redact','domains':['api.example.com'],"
                                + "'rehydrate_response':true,'types':['iban'],'custom_types':[{'name':'employee_id',"
                                + "'pattern':'E[0-9]{7}','context':['staff']}]},"
                                + "'content_gate':{'enabled':true,'domains':['api.openai.com'],'models':['gpt-*']}}}")
                        .replace('\'', '"'));
        assertThatThrownBy(() -> sandbox.setPolicy(Optional.empty(), Optional.empty()))
                .isInstanceOf(DeclawException.InvalidArgument.class);
    }
}
