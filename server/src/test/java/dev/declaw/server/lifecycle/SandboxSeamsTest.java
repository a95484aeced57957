package dev.declaw.server.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxState;
import dev.declaw.server.auth.Tenants;
import dev.declaw.server.fake.FakeHost;
import dev.declaw.server.fake.FakeVm;
import dev.declaw.server.fake.MovedClock;
import dev.declaw.server.fake.TestServer;
import dev.declaw.server.store.StoreException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What happens between the steps of a pause, a resume, a restore and an end, where another call may come in.
final class SandboxSeamsTest {
    private static final String OWNER = "owner-1";

    @TempDir
    Path home;

    private final FakeHost host = new FakeHost();
    private final MovedClock clock = new MovedClock();

    private TestServer server(int bootsMax, int warm, int sandboxesOfTenant) throws Exception {
        Sandboxes.Settings settings = new Sandboxes.Settings(8, bootsMax, 0, warm, false);
        return new TestServer(home, host, clock, settings, new Tenants.Limits(sandboxesOfTenant, 0, 0, 0, 0));
    }

    private static String create(TestServer server) {
        return server.sandboxes
                .create(OWNER, new CreateSandbox(
                        "base", 300, true, Map.of(), Map.of(), Optional.empty(), Optional.empty(), Optional.empty()))
                .info()
                .id();
    }

    private static SandboxState state(TestServer server, String id) {
        return server.sandboxes.info(OWNER, id).state();
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(Condition condition) throws Exception {
        for (int i = 0; i < 1500 && !condition.holds(); i++) TimeUnit.MILLISECONDS.sleep(20);
        assertThat(condition.holds()).isTrue();
    }

    private static JsonNode json(String text) throws Exception {
        return JsonMapper.builder().build().readTree(text);
    }

    /// Holds the only place in the line of boots until it is closed.
    private final class Held implements AutoCloseable {
        private final CountDownLatch release = new CountDownLatch(1);
        private final Thread creating;

        Held(TestServer server) throws Exception {
            CountDownLatch booting = new CountDownLatch(1);
            host.booting = vm -> {
                booting.countDown();
                try {
                    release.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            };
            creating = Thread.ofPlatform().start(() -> create(server));
            assertThat(booting.await(30, TimeUnit.SECONDS)).isTrue();
        }

        @Override
        public void close() {
            release.countDown();
            try {
                creating.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Test
    void sandboxesThatAreResumedAtOnceDoNotPassTheLimitOfTheirTenantTogether() throws Exception {
        try (TestServer server = server(1, 0, 2)) {
            String one = create(server);
            String two = create(server);
            server.sandboxes.rests().pause(OWNER, one);
            server.sandboxes.rests().pause(OWNER, two);
            List<Throwable> refused = Collections.synchronizedList(new ArrayList<>());
            List<Thread> resumes = new ArrayList<>();
            try (Held _ = new Held(server)) {
                for (String id : List.of(one, two)) {
                    resumes.add(Thread.ofPlatform().start(() -> {
                        try {
                            server.sandboxes.rests().resume(OWNER, id);
                        } catch (PlatformFailure e) {
                            refused.add(e);
                        }
                    }));
                }
                for (Thread resume : resumes) await(() -> resume.getState() == Thread.State.TIMED_WAITING);
            }
            for (Thread resume : resumes) resume.join();
            assertThat(server.sandboxes.counts()).containsEntry("sandboxes", 2);
            assertThat(refused).singleElement().isInstanceOf(PlatformFailure.QuotaExceeded.class);
            assertThat(List.of(state(server, one), state(server, two)))
                    .containsExactlyInAnyOrder(SandboxState.RUNNING, SandboxState.PAUSED);
        }
    }

    @Test
    void aRestoreTakesTheRoomOfTheRunThatItReplaces() throws Exception {
        try (TestServer server = server(4, 0, 1)) {
            String id = create(server);
            SnapshotInfo snapshot = server.sandboxes.rests().snapshot(OWNER, id, Optional.empty());
            server.sandboxes.rests().restore(OWNER, id, Optional.of(snapshot.id()));
            assertThat(state(server, id)).isEqualTo(SandboxState.RUNNING);
            assertThatThrownBy(() -> create(server)).isInstanceOf(PlatformFailure.QuotaExceeded.class);
        }
    }

    @Test
    void aPolicyThatIsReplacedWhileARestoreWaitsIsInForceAfterIt() throws Exception {
        try (TestServer server = server(1, 0, 0)) {
            String id = create(server);
            SnapshotInfo snapshot = server.sandboxes.rests().snapshot(OWNER, id, Optional.empty());
            Thread restore;
            try (Held _ = new Held(server)) {
                restore = Thread.ofPlatform().start(() -> server.sandboxes.rests().restore(OWNER, id, Optional.of(snapshot.id())));
                Thread waiting = restore;
                await(() -> waiting.getState() == Thread.State.TIMED_WAITING);
                server.sandboxes.updatePolicy(
                        OWNER, id, Optional.empty(), Optional.of(json("{\"allow_public_traffic\":false}")));
            }
            restore.join();
            boolean open = server.sandboxes.use(TestServer.caller(OWNER), id, sandbox -> sandbox.policy().network().allowPublicTraffic());
            assertThat(open).isFalse();
        }
    }

    @Test
    void noPauseBeginsBeforeAResumeHasForgottenWhatTheLastOneSaved() throws Exception {
        try (TestServer server = server(4, 0, 0)) {
            String id = create(server);
            server.sandboxes.rests().pause(OWNER, id);
            AtomicReference<Throwable> answer = new AtomicReference<>();
            host.deleting = _ -> {
                host.deleting = _ -> {};
                try {
                    server.sandboxes.rests().pause(OWNER, id);
                } catch (PlatformFailure e) {
                    answer.set(e);
                }
            };
            server.sandboxes.rests().resume(OWNER, id);
            assertThat(answer.get()).isInstanceOfSatisfying(
                    PlatformFailure.Conflict.class, e -> assertThat(e.code()).isEqualTo("sandbox_busy"));
            server.sandboxes.rests().pause(OWNER, id);
            server.sandboxes.rests().resume(OWNER, id);
            assertThat(state(server, id)).isEqualTo(SandboxState.RUNNING);
        }
    }

    @Test
    void nobodyResumesBeforeAPauseHasForgottenWhatEarlierOnesSaved() throws Exception {
        try (TestServer server = server(4, 0, 0)) {
            String id = create(server);
            server.sandboxes.rests().pause(OWNER, id);
            host.deleting = _ -> {
                throw new IllegalStateException("the disk does not answer");
            };
            server.sandboxes.rests().resume(OWNER, id);
            assertThat(host.saved).as("is left").hasSize(1);
            AtomicReference<SandboxState> seen = new AtomicReference<>();
            host.deleting = _ -> seen.set(state(server, id));
            server.sandboxes.rests().pause(OWNER, id);
            assertThat(seen).hasValue(SandboxState.PAUSING);
            assertThat(host.saved).hasSize(1);
            server.sandboxes.rests().resume(OWNER, id);
        }
    }

    @Test
    void whatAPauseHasSavedIsNotDeletedBeforeItIsDone() throws Exception {
        try (TestServer server = server(4, 0, 0)) {
            String id = create(server);
            server.sandboxes.rests().pause(OWNER, id);
            String snapshot = server.sandboxes.rests().snapshots(OWNER, id).getFirst().id();
            server.database.write(handle -> handle.execute("UPDATE sandboxes SET state = 'PAUSING' WHERE id = ?", id));
            assertThatThrownBy(() -> server.sandboxes.rests().delete(OWNER, id, snapshot))
                    .isInstanceOfSatisfying(PlatformFailure.Conflict.class, e -> assertThat(e.code()).isEqualTo("snapshot_in_use"));
            server.database.write(handle -> handle.execute("UPDATE sandboxes SET state = 'PAUSED' WHERE id = ?", id));
            server.sandboxes.rests().resume(OWNER, id);
        }
    }

    @Test
    void aPauseThatCannotBeRecordedLeavesASandboxThatCanBeKilled() throws Exception {
        try (TestServer server = server(4, 0, 0)) {
            String id = create(server);
            server.database.write(handle -> handle.execute("CREATE TRIGGER full BEFORE UPDATE OF complete ON snapshots "
                    + "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"));
            assertThatThrownBy(() -> server.sandboxes.rests().pause(OWNER, id)).isInstanceOf(StoreException.class);
            server.database.write(handle -> handle.execute("DROP TRIGGER full"));
            assertThat(server.sandboxes.kill(OWNER, id)).isTrue();
            assertThat(state(server, id)).isEqualTo(SandboxState.KILLED);
            assertThat(host.saved).isEmpty();
        }
    }

    @Test
    void theEndOfAnEarlierRunLeavesWhatAPauseBehindItSaved() throws Exception {
        TestServer server = server(4, 0, 0);
        String id = create(server);
        server.sandboxes.rests().pause(OWNER, id);
        server.sandboxes.rests().resume(OWNER, id);
        String snapshot = server.sandboxes.rests().snapshot(OWNER, id, Optional.empty()).id(); // as a pause leaves it when a stop comes in between
        server.database.write(handle -> handle.execute("UPDATE snapshots SET source = 'pause' WHERE id = ?", snapshot));
        server.database.write(handle -> handle.execute("UPDATE sandboxes SET state = 'PAUSED', execution_id = 'exe-next' WHERE id = ?", id));
        server.close();
        assertThat(host.vms).isEmpty();
        assertThat(host.saved).containsOnlyKeys(snapshot);
        try (TestServer next = server(4, 0, 0)) {
            next.sandboxes.rests().resume(OWNER, id);
            assertThat(state(next, id)).isEqualTo(SandboxState.RUNNING);
        }
    }

    @Test
    void aKilledSandboxIsKnownAsLongAsItsSnapshotsAre() throws Exception {
        try (TestServer server = server(4, 0, 0)) {
            String kept = create(server);
            SnapshotInfo snapshot = server.sandboxes.rests().snapshot(OWNER, kept, Optional.empty());
            String other = create(server);
            server.sandboxes.kill(OWNER, kept);
            server.sandboxes.kill(OWNER, other);
            clock.move(Duration.ofHours(25));
            await(() -> !known(server, other));
            assertThat(server.sandboxes.rests().snapshots(OWNER, kept)).hasSize(1);
            server.sandboxes.rests().delete(OWNER, kept, snapshot.id());
            assertThat(host.saved).isEmpty();
            clock.move(Duration.ofHours(25));
            await(() -> !known(server, kept));
        }
    }

    private static boolean known(TestServer server, String id) {
        try {
            return server.sandboxes.info(OWNER, id) != null;
        } catch (PlatformFailure.NotFound e) {
            return false;
        }
    }

    @Test
    void aWarmVmOfAnEarlierBuildOfTheTemplateIsNotGivenAway() throws Exception {
        try (TestServer server = server(4, 1, 0)) {
            await(() -> server.sandboxes.counts().get("warm") == 1);
            FakeVm old = host.vms.values().iterator().next();
            host.digest = "01";
            assertThat(create(server)).isNotEqualTo(old.id().value());
            await(() -> !host.vms.containsKey(old.id()));
        }
    }

    @Test
    void aSandboxThatCannotBeMeasuredStillEndsAtItsDeadline() throws Exception {
        try (TestServer server = server(4, 0, 0)) {
            String id = create(server);
            host.vm(id).failUsage = true;
            clock.move(Duration.ofSeconds(301));
            await(() -> state(server, id) == SandboxState.KILLED);
        }
    }
}
