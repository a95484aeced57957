package dev.declaw.rego;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.linux.HostProcess;
import dev.declaw.model.policy.CustomPolicy;
import dev.declaw.model.policy.PolicyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The real service, started and asked as the server does.
@Timeout(60)
class PolicyServiceTest {
    private static final Path BINARY = Path.of("..", ".build", "policyd").toAbsolutePath().normalize();
    private static final String NO_RM = "package declaw.platform.cmd\ndeny contains \"no\" if input.action.command == \"rm\"";
    private static final String SLOW = "package declaw.platform.cmd\ndeny contains \"x\" if count([1 |"
            + " some a in numbers.range(1, 100000); some b in numbers.range(1, 100000); a == b + 1]) > 5";

    private static PolicyService service;

    @BeforeAll
    static void start() throws InterruptedException {
        assumeThat(Files.isReadable(Path.of("/etc/shadow"))).as("needs root").isTrue();
        assumeThat(Files.isExecutable(BINARY)).as("./declaw test builds it").isTrue();
        service = PolicyService.start(new PolicyService.Settings(
                BINARY, "declaw-policyd-test-" + ProcessHandle.current().pid(), List.of(0)));
    }

    @AfterAll
    static void stop() {
        if (service != null) service.close();
    }

    private static CustomPolicy of(String... texts) {
        List<CustomPolicy.Module> modules = IntStream.range(0, texts.length)
                .mapToObj(i -> new CustomPolicy.Module("inline_modules[" + i + "]", texts[i]))
                .toList();
        return new CustomPolicy(modules, Optional.empty(), false);
    }

    private static ObjectNode command(String name) {
        ObjectNode input = JsonNodeFactory.instance.objectNode();
        input.putObject("action").put("command", name).putArray("args");
        return input;
    }

    private static Verdict ask(CompiledPolicy policy, String name) {
        return service.engine().decide(policy, Gate.CMD, List.of(command("ls"), command(name)));
    }

    @Test
    void whatIsDeniedForOneInputIsDenied() {
        CompiledPolicy policy = service.engine().compile(of(NO_RM));
        assertThat(policy.gates()).containsExactly(Gate.CMD);
        assertThat(ask(policy, "cat")).isInstanceOf(Verdict.Passed.class);
        assertThat(ask(policy, "rm")).isEqualTo(new Verdict.Denied(List.of(new Denial("declaw.platform.cmd.deny", "no"))));
        assertThat(service.engine().decide(policy, Gate.NETWORK, List.of(command("rm")))).isInstanceOf(Verdict.Passed.class);
    }

    @Test
    void whatDoesNotCompileIsRefusedWithItsPlace() {
        assertThatExceptionOfType(PolicyException.class)
                .isThrownBy(() -> service.engine().compile(of("package a\nx := 1", "package b\ny := nothing")))
                .withMessage("security.custom_policy.inline_modules[1]: does not compile: line 2, column 6: var nothing is unsafe");
        assertThatExceptionOfType(PolicyException.class)
                .isThrownBy(() -> service.engine().compile(new CustomPolicy(List.of(), Optional.of("none@v1"), false)))
                .withMessageContaining("policy_ref")
                .withMessageContaining("owasp-mcp@v1");
    }

    @Test
    void aServiceThatDiesIsStartedAgainAndRemembersNothing() throws Exception {
        CompiledPolicy policy = service.engine().compile(of(NO_RM));
        long first = service.pid().orElseThrow();
        HostProcess.of(first).orElseThrow().kill(Duration.ofSeconds(5));
        assertThat(ask(policy, "rm")).isNotInstanceOf(Verdict.Passed.class);
        await(policy);
        assertThat(service.pid()).isNotEqualTo(Optional.of(first));
        assertThat(ask(policy, "rm")).isInstanceOf(Verdict.Denied.class);
    }

    @Test
    void anEvaluationWithoutEndIsCutOff() {
        CompiledPolicy slow = service.engine().compile(of(SLOW));
        await(service.engine().compile(of(NO_RM)));
        assertThat(ask(slow, "x")).isEqualTo(new Verdict.Failed("timeout: the evaluation took too long"));
    }

    @Test
    void aPolicyThatEndsTheServiceIsNotTriedForever() throws Exception {
        CompiledPolicy good = service.engine().compile(of(NO_RM));
        CompiledPolicy fatal = service.engine().compile(of(SLOW));
        Verdict last = Verdict.PASSED;
        for (int i = 0; i < 20 && !(last instanceof Verdict.Failed(String why) && why.startsWith("its evaluation")); i++) {
            CompletableFuture<Verdict> asked = CompletableFuture.supplyAsync(() -> ask(fatal, "x"));
            Thread.sleep(60);
            service.pid().flatMap(HostProcess::of).ifPresent(process -> process.kill(Duration.ofSeconds(5)));
            last = asked.join();
            assertThat(last).isInstanceOf(Verdict.Failed.class);
            await(good);
        }
        assertThat(last).isEqualTo(new Verdict.Failed("its evaluation ended the policy service repeatedly"));
        assertThat(ask(good, "rm")).isInstanceOf(Verdict.Denied.class);
    }

    @Test
    void theServiceHasNoNetworkAndLimitedMemory() throws Exception {
        await(service.engine().compile(of(NO_RM)));
        for (int i = 0; i < 500 && service.pid().isEmpty(); i++) Thread.sleep(10);
        Path process = Path.of("/proc", service.pid().orElseThrow().toString());
        assertThat(Files.readString(process.resolve("limits"))).containsPattern("Max data size +1073741824 +1073741824");
        assertThat(Files.readSymbolicLink(process.resolve("ns/net"))).isNotEqualTo(Files.readSymbolicLink(Path.of("/proc/self/ns/net")));
    }

    @Test
    void manyAskAtOnce() {
        CompiledPolicy policy = service.engine().compile(of(NO_RM));
        await(policy);
        List<CompletableFuture<Verdict>> asked = IntStream.range(0, 200)
                .mapToObj(i -> CompletableFuture.supplyAsync(() -> ask(policy, i % 2 == 0 ? "rm" : "ls")))
                .toList();
        for (int i = 0; i < asked.size(); i++) {
            assertThat(asked.get(i).join() instanceof Verdict.Denied).as("question " + i).isEqualTo(i % 2 == 0);
        }
    }

    @Test
    void nobodyElseIsTakenForTheService() throws Exception {
        PolicyEngine nobody = new PolicyEngine("declaw-policyd-nobody");
        assertThatExceptionOfType(PolicyServiceUnavailableException.class).isThrownBy(() -> nobody.compile(of(NO_RM)));
        assertThat(nobody.answers()).isFalse();
        nobody.close();
    }

    /// Until the service is there again: it is started after 50 ms, later after up to 5 s.
    private static void await(CompiledPolicy policy) {
        for (int i = 0; i < 1000 && !(ask(policy, "rm") instanceof Verdict.Denied); i++) {
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
