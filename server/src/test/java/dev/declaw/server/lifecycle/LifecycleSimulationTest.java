package dev.declaw.server.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.declaw.model.sandbox.SandboxState;
import dev.declaw.server.fake.FakeHost;
import dev.declaw.server.fake.FakeVm;
import dev.declaw.server.fake.MovedClock;
import dev.declaw.server.fake.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A random life of a server: creates, kills, deadlines, dying microVMs, a dying proxy, crashes, each with failures injected.
/// Whatever happened, when all is quiet store, machine and proxy agree, and in the end nothing is left.
final class LifecycleSimulationTest {
    private static final String OWNER = "owner-1";
    /// More of both for a longer look: `./declaw test --simulation`.
    private static final int STEPS = Integer.getInteger("declaw.simulation.steps", 60);

    private static final int SEEDS = Integer.getInteger("declaw.simulation.seeds", 10);

    @TempDir
    Path home;

    private final FakeHost host = new FakeHost();
    private final MovedClock clock = new MovedClock();

    static LongStream seeds() {
        return LongStream.rangeClosed(1, SEEDS);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void nothingIsLeftWhateverHappens(long seed) throws Exception {
        Random random = new Random(seed);
        AtomicInteger faults = new AtomicInteger();
        host.failBoot = id -> fault(random, faults);
        host.failSockets = id -> fault(random, faults);
        host.failSave = id -> fault(random, faults);
        host.failResume = id -> fault(random, faults);
        TestServer server = start(faults, random);
        for (int step = 0; step < STEPS; step++) {
            List<Thread> work = new ArrayList<>();
            int parallel = 1 + random.nextInt(3);
            for (int i = 0; i < parallel; i++) {
                int action = random.nextInt(16);
                int pick = random.nextInt(1000);
                TestServer now = server;
                work.add(Thread.startVirtualThread(() -> act(now, action, pick)));
            }
            for (Thread thread : work) thread.join();
            if (random.nextInt(15) == 0) {
                settle(server);
                server.crash();
                server = start(faults, random);
            }
            if (random.nextInt(8) == 0) agree(server);
        }
        faults.set(Integer.MIN_VALUE);
        agree(server);
        for (SandboxInfo info : list(server)) server.sandboxes.killLater(OWNER, info.id());
        agree(server);
        for (SnapshotInfo left : server.sandboxes.rests().page(OWNER, Optional.empty(), Optional.empty(), 1000).snapshots()) {
            assertThat(left.source()).as("what a pause saved goes with its sandbox").isEqualTo("manual");
            server.sandboxes.rests().delete(OWNER, left.sandboxId(), left.id());
        }
        server.close();
        assertThat(host.saved).isEmpty();
        assertThat(host.vms).isEmpty();
        assertThat(server.egress.slots).isEmpty();
    }

    /// Every fifth call fails while faults are on.
    private static boolean fault(Random random, AtomicInteger faults) {
        synchronized (random) {
            return faults.get() >= 0 && random.nextInt(5) == 0;
        }
    }

    private TestServer start(AtomicInteger faults, Random random) throws Exception {
        int before = faults.getAndSet(Integer.MIN_VALUE); // an adoption that fails is a kill, which is allowed but dull
        TestServer server = new TestServer(home, host, clock, new Sandboxes.Settings(6, 3, 0, random.nextInt(2), true));
        server.egress.failOpen = id -> fault(random, faults);
        faults.set(before);
        return server;
    }

    private void act(TestServer server, int action, int pick) {
        try {
            List<String> ids = list(server).stream().map(SandboxInfo::id).toList();
            String id = ids.isEmpty() ? "" : ids.get(pick % ids.size());
            switch (action) {
                case 0, 1, 2, 3 -> server.sandboxes.create(OWNER, request(pick % 3 == 0 ? 0 : pick % 60 + 1));
                case 4 -> server.sandboxes.kill(OWNER, id);
                case 5 -> server.sandboxes.killLater(OWNER, id);
                case 6 -> clock.move(Duration.ofSeconds(pick % 30));
                case 7 -> server.sandboxes.setTimeout(OWNER, id, pick % 40);
                case 8 -> {
                    FakeVm vm = id.isEmpty() ? null : host.vm(id);
                    if (vm != null && pick % 2 == 0) vm.failingKills = 1;
                    else if (vm != null) vm.die();
                }
                case 9, 10 -> server.sandboxes.rests().pause(OWNER, id);
                case 11, 12 -> server.sandboxes.rests().resume(OWNER, id);
                case 13 -> server.sandboxes.rests()
                        .snapshot(OWNER, id, pick % 2 == 0 ? Optional.empty() : Optional.of(pick % 40L + 1));
                case 14 -> {
                    List<SnapshotInfo> all = server.sandboxes.rests().page(OWNER, Optional.empty(), Optional.empty(), 100).snapshots();
                    SnapshotInfo one = all.get(pick % all.size());
                    switch (pick % 3) {
                        case 0 -> server.sandboxes.rests().delete(OWNER, one.sandboxId(), one.id());
                        case 1 -> server.sandboxes.rests().restore(OWNER, one.sandboxId(), Optional.of(one.id()));
                        default -> server.sandboxes.create(OWNER, fork(one.id()));
                    }
                }
                default -> {
                    server.egress.restart();
                    server.sandboxes.egressRestarted();
                }
            }
        } catch (RuntimeException e) {
            // refused or failed on purpose: what counts is what is left
        }
    }

    private static CreateSandbox request(long timeout) {
        JsonNode lifecycle = timeout % 2 == 0
                ? null
                : JsonNodeFactory.instance.objectNode().put("on_timeout", "pause").put("auto_resume", true);
        return new CreateSandbox(
                "base", timeout, true, Map.of(), Map.of(), Optional.empty(), Optional.empty(),
                Optional.ofNullable(lifecycle));
    }

    /// A crash ends all threads at once, which cannot be had here: nothing may be on its way between two states. Crashes in
    /// the middle are in SandboxRestsTest.
    private static void settle(TestServer server) throws InterruptedException {
        for (int i = 0; i < 200; i++) {
            boolean quiet = list(server).stream()
                    .allMatch(info -> info.state() == SandboxState.RUNNING || info.state() == SandboxState.PAUSED);
            if (quiet) return;
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }

    private static CreateSandbox fork(String snapshotId) {
        return new CreateSandbox(
                "base", 0, true, Map.of(), Map.of(), Optional.empty(), Optional.empty(), Optional.empty(),
                List.of(), Optional.of(snapshotId), Map.of());
    }

    private static List<SandboxInfo> list(TestServer server) {
        return server.sandboxes
                .list(OWNER, new SandboxQuery(Set.of(), Map.of(), Optional.empty(), 0, 1000))
                .sandboxes();
    }

    /// Waits until retries are through, then compares the three sides.
    private void agree(TestServer server) throws InterruptedException {
        boolean agreed = agrees(server);
        for (int i = 0; i < 400 && !agreed; i++) {
            if (i % 10 == 0) clock.move(Duration.ofSeconds(3)); // which may begin new work: so it is looked at in between
            TimeUnit.MILLISECONDS.sleep(15);
            agreed = agrees(server);
        }
        assertThat(agreed)
                .as(
                        "store %s, machine %s, proxy %s, counts %s, snapshots %s, saved %s",
                        list(server),
                        host.vms.keySet(),
                        server.egress.slots.keySet(),
                        server.sandboxes.counts(),
                        server.sandboxes.rests().page(OWNER, Optional.empty(), Optional.empty(), 1000).snapshots(),
                        host.saved.keySet())
                .isTrue();
    }

    private boolean agrees(TestServer server) {
        Set<String> stored = new HashSet<>();
        Set<String> paused = new HashSet<>();
        for (SandboxInfo info : list(server)) {
            switch (info.state()) {
                case RUNNING -> stored.add(info.id());
                case PAUSED -> paused.add(info.id());
                default -> {
                    return false;
                }
            }
        }
        Set<String> known = new HashSet<>();
        for (SnapshotInfo snapshot : server.sandboxes.rests().page(OWNER, Optional.empty(), Optional.empty(), 1000).snapshots()) {
            known.add(snapshot.id());
            if (snapshot.source().equals("pause")) paused.remove(snapshot.sandboxId());
        }
        if (!paused.isEmpty() || !known.equals(host.saved.keySet())) return false; // one that is lost, or one too many
        Set<String> going = new HashSet<>();
        Set<String> served = new HashSet<>(server.egress.slots.keySet());
        host.vms.forEach((id, vm) -> {
            if (vm.still) served.remove(id.value()); // it waits for a create; after a restart of the proxy it is not served
            else going.add(id.value());
        });
        boolean slots = served.equals(stored);
        boolean places = server.sandboxes.counts().get("sandboxes") == stored.size();
        boolean sockets = host.vms.values().stream().allMatch(vm -> vm.openSockets.get() == 0);
        return going.equals(stored) && slots && places && sockets;
    }
}
