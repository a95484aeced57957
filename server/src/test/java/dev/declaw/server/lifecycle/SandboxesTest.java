package dev.declaw.server.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxState;
import dev.declaw.server.audit.AuditEntry;
import dev.declaw.server.audit.AuditQuery;
import dev.declaw.server.fake.FakeHost;
import dev.declaw.server.fake.FakeVm;
import dev.declaw.server.fake.MovedClock;
import dev.declaw.server.fake.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SandboxesTest {
    private static final String OWNER = "owner-1";

    @TempDir
    Path home;

    private final FakeHost host = new FakeHost();
    private final MovedClock clock = new MovedClock();

    private TestServer server(int warmPool, boolean keep) throws Exception {
        return new TestServer(home, host, clock, new Sandboxes.Settings(8, 4, 0, warmPool, keep));
    }

    private static CreateSandbox request(long timeoutSeconds, String security) {
        try {
            JsonNode policy = security == null ? null : JsonMapper.builder().build().readTree(security);
            return new CreateSandbox(
                    "base",
                    timeoutSeconds,
                    true,
                    Map.of(),
                    Map.of(),
                    Optional.empty(),
                    Optional.ofNullable(policy),
                    Optional.empty());
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static String create(TestServer server) {
        return server.sandboxes.create(OWNER, request(300, "{\"pii\":true}")).info().id();
    }

    private static List<String> events(TestServer server, String id) {
        List<String> names = new ArrayList<>();
        for (AuditEntry entry : server.audit.page(id, AuditQuery.all(0))) {
            names.add(entry.json().replaceAll(".*\"event\":\"([a-z_]+)\".*", "$1"));
        }
        return names;
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(Condition condition) throws Exception {
        for (int i = 0; i < 500 && !condition.holds(); i++) TimeUnit.MILLISECONDS.sleep(20);
        assertThat(condition.holds()).isTrue();
    }

    @Test
    void eachFailureWhileCreatingReleasesEverythingAndIsRecorded() throws Exception {
        try (TestServer server = server(0, false)) {
            List<Runnable> failures = List.of(
                    () -> host.failBoot = id -> true,
                    () -> host.failSockets = id -> true,
                    () -> server.egress.failOpen = id -> true,
                    () -> host.booting = vm -> vm.guest.failInit = true);
            for (Runnable failure : failures) {
                failure.run();
                assertThatThrownBy(() -> create(server)).isInstanceOf(RuntimeException.class);
                assertThat(host.vms).isEmpty();
                assertThat(server.egress.slots).isEmpty();
                assertThat(server.sandboxes.counts()).containsEntry("sandboxes", 0);
                host.failBoot = id -> false;
                host.failSockets = id -> false;
                server.egress.failOpen = id -> false;
                host.booting = vm -> {};
            }
            SandboxPage killed = server.sandboxes.list(
                    OWNER, new SandboxQuery(java.util.Set.of(SandboxState.KILLED), Map.of(), Optional.empty(), 0, 100));
            assertThat(killed.sandboxes()).hasSize(4);
            assertThat(killed.sandboxes()).allMatch(info -> info.endReason().equals(Optional.of("create_failed")));
            create(server);
        }
        assertThat(host.vms).isEmpty();
    }

    @Test
    void aSandboxThatIsKilledWhileItIsCreatedNeverRunsAndLeavesNothing() throws Exception {
        try (TestServer server = server(0, false)) {
            CountDownLatch booting = new CountDownLatch(1);
            CountDownLatch go = new CountDownLatch(1);
            AtomicReference<String> id = new AtomicReference<>();
            host.booting = vm -> {
                id.set(vm.id().value());
                booting.countDown();
                awaitQuietly(go);
            };
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            Thread creator = Thread.startVirtualThread(() -> {
                try {
                    create(server);
                } catch (RuntimeException e) {
                    thrown.set(e);
                }
            });
            booting.await();
            assertThat(server.sandboxes.info(OWNER, id.get()).state()).isEqualTo(SandboxState.CREATING);
            assertThatThrownBy(() -> server.sandboxes.use(TestServer.caller(OWNER), id.get(), sandbox -> null))
                    .isInstanceOf(PlatformFailure.Conflict.class);
            server.sandboxes.killLater(OWNER, id.get());
            go.countDown();
            creator.join();
            assertThat(thrown.get()).isInstanceOf(PlatformFailure.Gone.class);
            assertThat(host.vms).isEmpty();
            assertThat(server.sandboxes.info(OWNER, id.get()).state()).isEqualTo(SandboxState.KILLED);
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aVmThatEndsByItselfIsRecordedAsKilledWithTheReason() throws Exception {
        try (TestServer server = server(0, false)) {
            String id = create(server);
            host.vm(id).die();
            await(() -> server.sandboxes.info(OWNER, id).state() == SandboxState.KILLED);
            assertThat(server.sandboxes.info(OWNER, id).endReason()).contains("vm_exited");
            await(() -> events(server, id).equals(List.of("vm_created", "vm_killed")));
            assertThat(host.vms).isEmpty();
            assertThat(server.egress.slots).isEmpty();
        }
    }

    @Test
    void aTeardownThatFailsIsTriedAgainUntilNothingIsLeft() throws Exception {
        try (TestServer server = server(0, false)) {
            String id = create(server);
            host.vm(id).failingKills = 1;
            server.sandboxes.killLater(OWNER, id);
            await(() -> host.vm(id).failingKills == 0);
            assertThat(server.sandboxes.info(OWNER, id).state()).isEqualTo(SandboxState.KILLING);
            await(() -> {
                clock.move(Duration.ofSeconds(10)); // again and again: the failed attempt may set its time after the first move
                return server.sandboxes.info(OWNER, id).state() == SandboxState.KILLED;
            });
            assertThat(host.vms).isEmpty();
        }
    }

    @Test
    void aStopTriesAgainUntilEverySandboxIsGone() throws Exception {
        try (TestServer server = server(0, false)) {
            host.vm(create(server)).failingKills = 2;
            create(server);
        }
        assertThat(host.vms).isEmpty();
    }

    @Test
    void noTimeoutMeansNoDeadline() throws Exception {
        try (TestServer server = server(0, false)) {
            SandboxInfo forever = server.sandboxes.create(OWNER, request(0, null)).info();
            SandboxInfo brief = server.sandboxes.create(OWNER, request(1, null)).info();
            assertThat(forever.end()).isEmpty();
            clock.move(Duration.ofDays(365));
            await(() -> server.sandboxes.info(OWNER, brief.id()).state() == SandboxState.KILLED);
            assertThat(server.sandboxes.info(OWNER, forever.id()).state()).isEqualTo(SandboxState.RUNNING);
        }
    }

    @Test
    void anotherOwnerSeesNothing() throws Exception {
        try (TestServer server = server(0, false)) {
            String id = create(server);
            assertThatThrownBy(() -> server.sandboxes.info("owner-2", id)).isInstanceOf(PlatformFailure.NotFound.class);
            assertThatThrownBy(() -> server.sandboxes.kill("owner-2", id)).isInstanceOf(PlatformFailure.NotFound.class);
            assertThatThrownBy(() -> server.sandboxes.use(TestServer.caller("owner-2"), id, sandbox -> null))
                    .isInstanceOf(PlatformFailure.NotFound.class);
            SandboxQuery all = new SandboxQuery(java.util.Set.of(), Map.of(), Optional.empty(), 0, 10);
            assertThat(server.sandboxes.list("owner-2", all).total()).isZero();
        }
    }

    @Test
    void theWarmPoolGivesAwayWhatItBootedAndFillsUpAgain() throws Exception {
        try (TestServer server = server(2, false)) {
            await(() -> server.sandboxes.counts().get("warm") == 2);
            List<String> warm = host.vms.keySet().stream().map(Object::toString).toList();
            host.failBoot = id -> true;
            String first = create(server);
            assertThat(warm).contains(first);
            assertThat(host.vm(first).guest.identity.hostname()).isEqualTo(first);
            String second = create(server);
            assertThat(warm).contains(second);
            assertThatThrownBy(() -> create(server)).isInstanceOf(PlatformFailure.NoCapacity.class);
            host.failBoot = id -> false;
            await(() -> server.sandboxes.counts().get("warm") == 2);
        }
        assertThat(host.vms).isEmpty();
    }

    @Test
    void aWarmVmThatDiedIsNotGivenAwayAndItsRemainsAreRemoved() throws Exception {
        try (TestServer server = server(1, false)) {
            await(() -> server.sandboxes.counts().get("warm") == 1);
            FakeVm dead = host.vms.values().iterator().next();
            dead.die();
            String id = create(server);
            assertThat(id).isNotEqualTo(dead.id().value());
            await(() -> !host.vms.containsKey(dead.id()));
        }
    }

    @Test
    void afterARestartOfTheProxyEverySlotIsOpenAgainWithItsNewCa() throws Exception {
        try (TestServer server = server(0, false)) {
            String one = create(server);
            String two = create(server);
            String oldCa = host.vm(one).guest.ca;
            server.egress.restart();
            server.sandboxes.egressRestarted();
            assertThat(server.egress.slots).containsOnlyKeys(one, two);
            assertThat(host.vm(one).guest.ca).startsWith("CA ").isNotEqualTo(oldCa);
            assertThat(host.vm(one).openSockets.get()).isZero();
        }
    }

    @Test
    void aSlotThatCouldNotBeOpenedAgainIsTriedAgain() throws Exception {
        try (TestServer server = server(0, false)) {
            String id = create(server);
            server.egress.restart();
            server.egress.failOpen = any -> true;
            server.sandboxes.egressRestarted();
            assertThat(server.egress.slots).isEmpty();
            server.egress.failOpen = any -> false;
            clock.move(Duration.ofSeconds(5));
            await(() -> server.egress.slots.containsKey(id));
        }
    }

    @Test
    void aCrashedServersSandboxesGoOnUnderTheSameIdsAndStraysAreRemoved() throws Exception {
        TestServer crashed = server(0, true);
        host.boot(new dev.declaw.model.sandbox.SandboxId("sbx-00000001"), host.template("base").orElseThrow());
        String alive = create(crashed);
        String deadInTheMeantime = create(crashed);
        String expired = crashed.sandboxes.create(OWNER, request(10, null)).info().id();
        String token = host.vm(alive).guest.identity.token();
        crashed.crash();
        host.vm(deadInTheMeantime).die();
        clock.move(Duration.ofSeconds(20));

        try (TestServer server = server(0, false)) {
            assertThat(host.vms.keySet()).extracting(Object::toString).containsExactly(alive);
            assertThat(server.sandboxes.info(OWNER, alive).state()).isEqualTo(SandboxState.RUNNING);
            assertThat(host.vm(alive).guest.identity.token()).isEqualTo(token);
            assertThat(server.egress.slots).containsOnlyKeys(alive);
            SandboxInfo lost = server.sandboxes.info(OWNER, deadInTheMeantime);
            assertThat(lost.state()).isEqualTo(SandboxState.KILLED);
            assertThat(lost.endReason()).contains("lost_on_restart");
            assertThat(server.sandboxes.info(OWNER, expired).endReason()).contains("timeout");
            assertThat(events(server, alive)).containsExactly("vm_created", "vm_adopted");
            assertThat(server.audit.verify(alive).brokenAt()).isEmpty();
            clock.move(Duration.ofSeconds(300));
            await(() -> server.sandboxes.info(OWNER, alive).state() == SandboxState.KILLED);
        }
    }

    @Test
    void aServerThatKeepsItsSandboxesHandsThemToTheNextStart() throws Exception {
        String id;
        try (TestServer first = server(0, true)) {
            id = create(first);
        }
        assertThat(host.vm(id)).isNotNull();
        try (TestServer second = server(0, false)) {
            assertThat(second.sandboxes.info(OWNER, id).state()).isEqualTo(SandboxState.RUNNING);
        }
        assertThat(host.vms).isEmpty();
    }

    @Test
    void killedSandboxesAreForgottenAfterADay() throws Exception {
        try (TestServer server = server(0, false)) {
            String id = create(server);
            server.sandboxes.kill(OWNER, id);
            clock.move(Duration.ofHours(23));
            assertThat(server.sandboxes.info(OWNER, id).state()).isEqualTo(SandboxState.KILLED);
            clock.move(Duration.ofHours(2));
            await(() -> {
                try {
                    server.sandboxes.info(OWNER, id);
                    return false;
                } catch (PlatformFailure.NotFound e) {
                    return true;
                }
            });
        }
    }

    @Test
    void whatThePolicyDoesNotWantRecordedIsNotButTheLifeOfTheSandboxIs() throws Exception {
        try (TestServer server = server(0, false)) {
            String id = server.sandboxes.create(OWNER, request(300, "{\"audit\":false}")).info().id();
            server.sandboxes.use(TestServer.caller(OWNER), id, sandbox -> {
                sandbox.record(dev.declaw.model.audit.AuditCategory.COMMAND, "command_run", facts -> {});
                return null;
            });
            assertThat(events(server, id)).containsExactly("vm_created");
        }
    }

    @Test
    void aSandboxThatNobodyUsesEndsAfterItsIdleTimeAndOneInUseDoesNot() throws Exception {
        try (TestServer server = server(0, false)) {
            String idle = create(server, "{\"idle_timeout\":60}");
            String used = create(server, "{\"idle_timeout\":60}");
            String resting = create(server, "{\"idle_timeout\":60,\"on_timeout\":\"pause\"}");
            String patient = create(server, "{}");
            Thread.sleep(500); // the timers have seen them
            clock.move(Duration.ofSeconds(40));
            Thread.sleep(500);
            server.sandboxes.use(TestServer.caller(OWNER), used, sandbox -> sandbox.guest().processes());
            Thread.sleep(500);
            clock.move(Duration.ofSeconds(30));
            await(() -> server.sandboxes.info(OWNER, idle).state() == SandboxState.KILLED);
            await(() -> server.sandboxes.info(OWNER, resting).state() == SandboxState.PAUSED);
            assertThat(server.sandboxes.info(OWNER, used).state()).isEqualTo(SandboxState.RUNNING);
            assertThat(server.sandboxes.info(OWNER, patient).state()).isEqualTo(SandboxState.RUNNING);
            assertThat(server.sandboxes.info(OWNER, idle).endReason()).contains("idle");
        }
    }

    private static String create(TestServer server, String lifecycle) throws Exception {
        return server.sandboxes
                .create(OWNER, new CreateSandbox("base", 300, true, Map.of(), Map.of(), Optional.empty(), Optional.empty(),
                        Optional.of(JsonMapper.builder().build().readTree(lifecycle))))
                .info()
                .id();
    }
}
