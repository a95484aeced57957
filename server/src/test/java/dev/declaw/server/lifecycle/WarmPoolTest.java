package dev.declaw.server.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxState;
import dev.declaw.runtime.MicroVmHost;
import dev.declaw.server.fake.FakeHost;
import dev.declaw.server.fake.FakeVm;
import dev.declaw.server.fake.MovedClock;
import dev.declaw.server.fake.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WarmPoolTest {
    private static final String OWNER = "owner-1";

    @TempDir
    Path home;

    private final FakeHost host = new FakeHost();
    private final MovedClock clock = new MovedClock();

    private TestServer server(WarmPoolSizes sizes) throws Exception {
        return new TestServer(home, host, clock, new Sandboxes.Settings(64, 4, 0, sizes, false, Retention.NONE));
    }

    private static String create(TestServer server, String security, Map<String, String> envs) throws Exception {
        return server.sandboxes
                .create(OWNER, new CreateSandbox("base", 300, true, Map.of(), envs, Optional.empty(),
                        Optional.of(JsonMapper.builder().build().readTree(security)), Optional.empty()))
                .info()
                .id();
    }

    private static int warm(TestServer server) {
        return server.sandboxes.counts().get("warm");
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + 20_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("within 20 s").isLessThan(end);
            Thread.sleep(5);
        }
    }

    private FakeVm only() {
        return host.vms.values().iterator().next();
    }

    @Test
    void aMachineThatWaitsStandsStillHasAnIdentityOfItsOwnAndNoWayOut() throws Exception {
        try (TestServer server = server(WarmPoolSizes.fixed("base", 1))) {
            await(() -> warm(server) == 1);
            FakeVm vm = only();
            assertThat(vm.still).isTrue();
            assertThat(vm.guest.identity.hostname()).isEqualTo(vm.id().value());
            assertThat(vm.guest.identity.caPem()).isEmpty();
            assertThat(server.egress.slots.get(vm.id().value()).network().toString()).isEqualTo("{\"deny_out\":[\"*\"]}");
        }
        assertThat(host.vms).isEmpty();
        assertThat(server(WarmPoolSizes.NONE).egress.slots).isEmpty();
    }

    @Test
    void aClaimBringsPolicyEnvironmentAndAuthorityAndTheMachineGoesOn() throws Exception {
        try (TestServer server = server(WarmPoolSizes.fixed("base", 1))) {
            await(() -> warm(server) == 1);
            FakeVm vm = only();
            String token = vm.guest.identity.token();
            String id = create(server, "{\"pii\":true}", Map.of("NAME", "value"));
            assertThat(id).isEqualTo(vm.id().value());
            assertThat(vm.still).isFalse();
            assertThat(server.egress.slots.get(id).security().toString()).isEqualTo("{\"pii\":true}");
            assertThat(server.egress.slots.get(id).network()).isNull();
            server.sandboxes.use(TestServer.caller(OWNER), id, sandbox -> sandbox.guest().processes()); // waits for the identity
            assertThat(vm.guest.identity.environment()).containsEntry("NAME", "value").containsEntry("DECLAW_SANDBOX_ID", id);
            assertThat(vm.guest.identity.caPem()).hasValueSatisfying(ca -> assertThat(ca).startsWith("CA "));
            assertThat(vm.guest.identity.token()).isEqualTo(token);
        }
    }

    @Test
    void aProxyThatWasRestartedMeanwhileGetsTheSlotAnew() throws Exception {
        try (TestServer server = server(WarmPoolSizes.fixed("base", 1))) {
            await(() -> warm(server) == 1);
            server.egress.restart();
            String id = create(server, "{\"pii\":true}", Map.of());
            assertThat(server.egress.slots.get(id).security().toString()).isEqualTo("{\"pii\":true}");
        }
    }

    @Test
    void aMachineThatDoesNotGoOnFailsTheCreateAndNothingIsLeft() throws Exception {
        try (TestServer server = server(WarmPoolSizes.fixed("base", 1))) {
            await(() -> warm(server) == 1);
            FakeVm vm = only();
            vm.failGoOn = true;
            assertThatThrownBy(() -> create(server, "{}", Map.of())).isInstanceOf(PlatformFailure.InternalFailure.class);
            await(() -> !host.vms.containsKey(vm.id()) && !server.egress.slots.containsKey(vm.id().value()));
        }
    }

    @Test
    void aGuestThatCannotTakeItsIdentityEndsTheSandboxAndServesNobody() throws Exception {
        try (TestServer server = server(WarmPoolSizes.fixed("base", 1))) {
            await(() -> warm(server) == 1);
            FakeVm vm = only();
            vm.guest.failInit = true;
            String id = vm.id().value();
            try {
                create(server, "{}", Map.of());
                assertThatThrownBy(() -> server.sandboxes.use(TestServer.caller(OWNER), id, sandbox -> sandbox.guest().processes()))
                        .isInstanceOf(PlatformFailure.class);
            } catch (PlatformFailure.Gone atOnce) {
                // it failed before the create had answered
            }
            await(() -> server.sandboxes.info(OWNER, id).state() == SandboxState.KILLED && !host.vms.containsKey(vm.id()));
        }
    }

    @Test
    void demandLetsThePoolGrowAndItsEndLetsItShrink() throws Exception {
        try (TestServer server = server(new WarmPoolSizes(Map.of("base", 1), 4))) {
            await(() -> warm(server) == 1);
            for (int i = 0; i < 6; i++) create(server, "{}", Map.of());
            await(() -> warm(server) == 4);
            assertThat(host.vms).hasSize(10);
            clock.move(Duration.ofSeconds(31));
            await(() -> warm(server) == 1 && host.vms.size() == 7);
        }
    }

    @Test
    void thePoolDoesNotGrowWhereMemoryIsShort() throws Exception {
        host.memory = new MicroVmHost.Memory(1000, 800);
        try (TestServer server = server(new WarmPoolSizes(Map.of("base", 1), 4))) {
            await(() -> warm(server) == 1);
            for (int i = 0; i < 3; i++) create(server, "{}", Map.of());
            await(() -> warm(server) == 1);
            Thread.sleep(1500); // longer than the pool waits before it fills up
            assertThat(warm(server)).isEqualTo(1);
        }
    }

    @Test
    void whatWaitsMakesRoomForASandboxThatIsBroughtBack() throws Exception {
        try (TestServer server = server(WarmPoolSizes.fixed("base", 1))) {
            String id = create(server, "{}", Map.of());
            server.sandboxes.rests().pause(OWNER, id);
            await(() -> warm(server) == 1);
            host.scarce = () -> host.vms.values().stream().anyMatch(vm -> vm.still);
            server.sandboxes.rests().resume(OWNER, id);
            assertThat(server.sandboxes.info(OWNER, id).state()).isEqualTo(SandboxState.RUNNING);
        }
    }
}
