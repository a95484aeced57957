package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.e2e.WholeSystem.Rig;
import dev.declaw.sdk.Audit;
import dev.declaw.sdk.AuditEvent;
import dev.declaw.sdk.CommandHandle;
import dev.declaw.sdk.CommandResult;
import dev.declaw.sdk.Connection;
import dev.declaw.sdk.Declaw;
import dev.declaw.sdk.DeclawException;
import dev.declaw.sdk.Output;
import dev.declaw.sdk.OutputStreamed;
import dev.declaw.sdk.PipedProcess;
import dev.declaw.sdk.RunOptions;
import dev.declaw.sdk.Sandbox;
import dev.declaw.sdk.Terminal;
import dev.declaw.sdk.Watch;
import dev.declaw.sdk.async.AsyncSandbox;
import dev.declaw.sdk.json.JsonObject;
import dev.declaw.sdk.policy.NetworkRules;
import dev.declaw.sdk.policy.Scanner;
import dev.declaw.sdk.policy.SecurityPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// The Java client against the real server and real microVMs.
@ExtendWith(WholeSystem.class)
@Timeout(300)
class JavaSdkTest {
    private static Declaw client(Rig rig) {
        return new Declaw(Connection.of(rig.platform.domain(), rig.platform.apiKey()));
    }

    @Test
    void aSandboxIsUsedFromCreateToKill(Rig rig) throws Exception {
        Declaw declaw = client(rig);
        SecurityPolicy policy = SecurityPolicy.builder()
                .scan(Scanner.Pii.redact(Scanner.PersonalData.SSN, Scanner.PersonalData.EMAIL))
                .build();
        try (Sandbox sandbox = declaw.sandbox()
                .security(policy)
                .network(NetworkRules.allow("api.example.test"))
                .variables(Map.of("COLOR", "blue"))
                .metadata(Map.of("suite", "java"))
                .timeout(Duration.ofMinutes(10))
                .create()) {
            commands(sandbox);
            files(sandbox);
            terminals(sandbox);
            policy(sandbox);
            assertThat(sandbox.info().running()).isTrue();
            sandbox.setTimeout(Duration.ofSeconds(600));
            assertThat(sandbox.info().timeoutSeconds()).isEqualTo(600);
            assertThat(declaw.list(Optional.empty(), Map.of("suite", "java"), 10, Optional.empty()).sandboxes())
                    .extracting(info -> info.id())
                    .containsExactly(sandbox.id());
            sandbox.killAndWait();
            assertThat(sandbox.isRunning()).isFalse();
            List<String> events = new ArrayList<>();
            sandbox.audit().follow(Audit.Filter.all().category("lifecycle"), event -> events.add(event.event()));
            assertThat(events).last().isEqualTo("vm_killed");
            assertThatThrownBy(() -> sandbox.commands().run("true")).isInstanceOf(DeclawException.Gone.class);
        }
        assertThat(rig.api.everSaw("536-90-4399")).isFalse();
    }

    private static void commands(Sandbox sandbox) {
        assertThat(sandbox.commands().run("echo $COLOR; echo err >&2; exit 4"))
                .isEqualTo(new CommandResult("blue\n", "err\n", 4));
        assertThat(sandbox.commands().run("sleep 60", RunOptions.defaults().within(Duration.ofMillis(500))).exitCode())
                .isEqualTo(124);
        List<String> lines = new ArrayList<>();
        RunOptions listening = RunOptions.defaults().as("root").in("/tmp").onStdout(lines::add);
        assertThat(sandbox.commands().run("pwd; id -un", listening).ok()).isTrue();
        assertThat(lines).containsExactly("/tmp", "root");
        CommandHandle reader = sandbox.commands().start("head -n 1");
        reader.write("grüße\n");
        assertThat(reader.await().stdout()).isEqualTo("grüße\n");
        assertThat(sandbox.async().commands().run("echo later").join().stdout()).isEqualTo("later\n");
    }

    /// Cancelling a future reaches the process in the microVM.
    @Test
    void whatIsCancelledEnds(Rig rig) throws Exception {
        try (AsyncSandbox sandbox = client(rig).sandbox().createAsync().get(2, TimeUnit.MINUTES)) {
            CompletableFuture<CommandResult> sleeper = sandbox.commands().run("sleep 1234");
            await("the command runs", () -> sandbox.commands().list().join().stream().anyMatch(one -> one.command().contains("1234")));
            assertThat(sleeper.cancel(true)).isTrue();
            await("the command has ended", () -> !sandbox.blocking().commands().run("pgrep -x sleep").ok());
            assertThat(sandbox.files().exists("/etc/hostname").join()).isTrue();
        }
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited 60 s: " + what).isLessThan(deadline);
            Thread.sleep(100);
        }
    }

    private static void files(Sandbox sandbox) throws InterruptedException {
        byte[] blob = new byte[3 * 1024 * 1024];
        new Random(7).nextBytes(blob);
        assertThat(sandbox.files().write("/home/user/deep/a b&c#ü", blob)).isEqualTo(blob.length);
        assertThat(sandbox.files().readBytes("/home/user/deep/a b&c#ü")).isEqualTo(blob);
        assertThat(sandbox.files().list("/home/user/deep")).extracting(entry -> entry.name()).containsExactly("a b&c#ü");
        try (Watch watch = sandbox.files().watch("/home/user/deep", false)) {
            sandbox.files().write("/home/user/deep/new", "x");
            Optional<Watch.Change> change = watch.next();
            while (change.isPresent() && !change.get().path().endsWith("/new")) change = watch.next();
            assertThat(change).isPresent();
        }
        sandbox.files().remove("/home/user/deep");
        assertThat(sandbox.files().exists("/home/user/deep")).isFalse();
        assertThatThrownBy(() -> sandbox.files().readText("/nope")).isInstanceOf(DeclawException.NotFound.class);
    }

    private static void terminals(Sandbox sandbox) {
        Terminal terminal = sandbox.openTerminal(Terminal.Options.defaults().sized(132, 40));
        StringBuilder shown = new StringBuilder();
        try (OutputStreamed output = terminal.output()) {
            terminal.type("stty size; exit 5\n");
            for (Output piece : output) shown.append(piece.text());
            assertThat(output.exitCode()).hasValue(5);
        }
        assertThat(shown).contains("40 132");
        PipedProcess process = sandbox.startPiped("cat");
        process.write(new byte[] {0, (byte) 0xff});
        process.closeInput();
        try (OutputStreamed output = process.output()) {
            assertThat(output.read().orElseThrow().bytes()).containsExactly(0, (byte) 0xff);
            assertThat(output.read()).isEmpty();
            assertThat(output.exitCode()).hasValue(0);
        }
    }

    private static void policy(Sandbox sandbox) {
        CommandResult posted = sandbox.commands()
                .run("curl -sS -d 'ssn 536-90-4399' -H 'Content-Type: text/plain' https://api.example.test/in");
        assertThat(posted.stdout()).as(posted.stderr()).isEqualTo("ssn 536-90-4399");
        assertThat(sandbox.commands().run("curl -sS https://other.example.test/").stdout()).contains("denied_by_rule");
        assertThat(sandbox.audit().query(Audit.Filter.all().decision("deny")))
                .extracting(event -> event.attributes().text("host"))
                .contains("other.example.test");
        List<AuditEvent> redacted = sandbox.audit().query(Audit.Filter.all().host("api.example.test"));
        assertThat(redacted).anyMatch(event -> event.attributes().has("findings"));
        assertThat(sandbox.audit().verify().intact()).isTrue();
    }

    @Test
    void aPolicyIsJudgedBeforeASandboxHasIt(Rig rig) {
        Declaw declaw = client(rig);
        JsonObject rules = JsonObject.parse("{\"network\": {\"allow_out\": [\"*.example.com\"]}}");
        assertThat(declaw.policies().lint(rules).warnings()).singleElement().asString().contains("allow_out");
        assertThat(declaw.policies().explain(rules, "a.example.com"))
                .satisfies(found -> assertThat(found.rule()).contains("*.example.com"))
                .satisfies(found -> assertThat(found.allowed()).isTrue());
        assertThat(declaw.policies().explain(rules, "example.com").reason()).isEqualTo("not_in_allow_list");
        assertThat(declaw.policies().explain(rules, "169.254.169.254").reason()).isEqualTo("metadata_endpoint");
        assertThatThrownBy(() -> declaw.policies().lint(JsonObject.parse("{\"piii\": {}}")))
                .isInstanceOf(DeclawException.InvalidPolicy.class)
                .hasMessageContaining("piii");
        assertThatThrownBy(() -> declaw.policies().explain(rules, "http://x"))
                .isInstanceOf(DeclawException.InvalidArgument.class);
    }

    @Test
    void failuresHaveTheirClassesAndCodes(Rig rig) {
        Declaw declaw = client(rig);
        assertThatThrownBy(() -> declaw.sandbox().template("no-such").create())
                .isInstanceOfSatisfying(DeclawException.NotFound.class, e -> assertThat(e.code()).isEqualTo("template_not_found"));
        assertThatThrownBy(() -> declaw.connect("sbx-00000000")).isInstanceOf(DeclawException.NotFound.class);
        Declaw stranger = new Declaw(Connection.of(rig.platform.domain(), "dcl_wrong"));
        assertThatThrownBy(() -> stranger.account().me()).isInstanceOf(DeclawException.Unauthenticated.class);
        assertThat(declaw.health().text("status")).isNotEmpty();
    }
}
