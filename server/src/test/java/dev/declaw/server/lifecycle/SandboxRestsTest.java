package dev.declaw.server.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxState;
import dev.declaw.server.auth.Caller;
import dev.declaw.server.auth.Scope;
import dev.declaw.server.fake.FakeHost;
import dev.declaw.server.fake.MovedClock;
import dev.declaw.server.fake.TestServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Pause, resume, snapshot, restore and fork of sandboxes, around a machine in memory.
final class SandboxRestsTest {
    private static final String OWNER = "owner-1";

    @TempDir
    Path home;

    private final FakeHost host = new FakeHost();
    private final MovedClock clock = new MovedClock();

    private TestServer server(boolean keep) throws Exception {
        return new TestServer(home, host, clock, new Sandboxes.Settings(8, 4, 0, 0, keep));
    }

    private static JsonNode json(String text) {
        try {
            return text == null ? null : JsonMapper.builder().build().readTree(text);
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static String create(TestServer server, long timeout, String lifecycle) {
        return server.sandboxes
                .create(OWNER, new CreateSandbox(
                        "base", timeout, true, Map.of(), Map.of("A", "b"), Optional.empty(),
                        Optional.of(json("{\"pii\":true}")), Optional.ofNullable(json(lifecycle))))
                .info()
                .id();
    }

    private static SandboxState state(TestServer server, String id) {
        return server.sandboxes.info(OWNER, id).state();
    }

    private static void put(TestServer server, String id, String text) {
        server.sandboxes.use(TestServer.caller(OWNER), id, sandbox -> {
            try {
                return sandbox.guest()
                        .write("/f", "user", new java.io.ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
            } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
    }

    private String file(String id) {
        return new String(host.vm(id).guest.files.get("/f"), StandardCharsets.UTF_8);
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(Condition condition) throws Exception {
        for (int i = 0; i < 500 && !condition.holds(); i++) TimeUnit.MILLISECONDS.sleep(20);
        assertThat(condition.holds()).isTrue();
    }

    @Test
    void aPausedSandboxHoldsNothingAndGoesOnUnderItsIdWithANewWayOut() throws Exception {
        try (TestServer server = server(false)) {
            String id = create(server, 300, null);
            put(server, id, "kept");
            String ca = host.vm(id).guest.ca;
            String token = host.vm(id).guest.identity.token();
            server.sandboxes.rests().pause(OWNER, id);

            assertThat(state(server, id)).isEqualTo(SandboxState.PAUSED);
            assertThat(host.vms).isEmpty();
            assertThat(server.egress.slots).isEmpty();
            assertThat(server.sandboxes.counts()).containsEntry("sandboxes", 0);
            assertThat(server.sandboxes.info(OWNER, id).end()).as("a paused sandbox has no deadline").isEmpty();
            assertThat(server.sandboxes.rests().snapshots(OWNER, id))
                    .extracting(SnapshotInfo::source, SnapshotInfo::stillMillis)
                    .containsExactly(org.assertj.core.api.Assertions.tuple("pause", 7L));
            server.sandboxes.rests().pause(OWNER, id);
            assertThatThrownBy(() -> put(server, id, "x"))
                    .isInstanceOfSatisfying(PlatformFailure.Conflict.class, e -> assertThat(e.code()).isEqualTo("sandbox_paused"));
            clock.move(Duration.ofHours(1));
            TimeUnit.MILLISECONDS.sleep(500);
            assertThat(state(server, id)).isEqualTo(SandboxState.PAUSED);

            server.sandboxes.rests().resume(OWNER, id);
            assertThat(state(server, id)).isEqualTo(SandboxState.RUNNING);
            assertThat(file(id)).isEqualTo("kept");
            assertThat(host.vm(id).guest.identity.token()).isEqualTo(token);
            assertThat(host.vm(id).guest.identity.environment()).containsEntry("A", "b");
            assertThat(host.vm(id).guest.ca).startsWith("CA ").isNotEqualTo(ca);
            assertThat(server.egress.slots).containsOnlyKeys(id);
            assertThat(server.sandboxes.info(OWNER, id).end()).contains(clock.instant().plusSeconds(300));
            assertThat(host.saved).as("what the pause saved has served its purpose").isEmpty();
            assertThatThrownBy(() -> server.sandboxes.rests().resume(OWNER, id))
                    .isInstanceOf(PlatformFailure.Conflict.class);
            clock.move(Duration.ofSeconds(301));
            await(() -> state(server, id) == SandboxState.KILLED);
        }
    }

    @Test
    void aPauseThatFailsChangesNothing() throws Exception {
        try (TestServer server = server(false)) {
            String id = create(server, 300, null);
            host.failSave = any -> true;
            assertThatThrownBy(() -> server.sandboxes.rests().pause(OWNER, id)).isInstanceOf(PlatformFailure.class);
            assertThatThrownBy(() -> server.sandboxes.rests().snapshot(OWNER, id, Optional.empty())).isInstanceOf(PlatformFailure.class);
            host.failSave = any -> false;
            assertThat(state(server, id)).isEqualTo(SandboxState.RUNNING);
            assertThat(server.egress.slots).containsOnlyKeys(id);
            put(server, id, "still here");
            assertThat(server.sandboxes.rests().snapshots(OWNER, id)).isEmpty();
            server.sandboxes.rests().pause(OWNER, id);
            host.failResume = any -> true;
            assertThatThrownBy(() -> server.sandboxes.rests().resume(OWNER, id))
                    .isInstanceOf(PlatformFailure.Unprocessable.class)
                    .hasMessageContaining("memory is missing");
            assertThat(state(server, id)).isEqualTo(SandboxState.PAUSED);
            assertThat(server.sandboxes.counts()).containsEntry("sandboxes", 0);
            host.failResume = any -> false;
            server.egress.failOpen = any -> true;
            assertThatThrownBy(() -> server.sandboxes.rests().resume(OWNER, id)).isInstanceOf(PlatformFailure.class);
            assertThat(state(server, id)).isEqualTo(SandboxState.PAUSED);
            assertThat(host.vms).as("no way out, no machine").isEmpty();
            server.egress.failOpen = any -> false;
            server.sandboxes.rests().resume(OWNER, id);
            assertThat(file(id)).isEqualTo("still here");
        }
        assertThat(host.vms).isEmpty();
    }

    @Test
    void useWakesASandboxThatAskedForItOnceHoweverManyAsk() throws Exception {
        try (TestServer server = server(false)) {
            String id = create(server, 300, "{\"on_timeout\":\"pause\",\"auto_resume\":true}");
            put(server, id, "kept");
            clock.move(Duration.ofSeconds(301));
            await(() -> state(server, id) == SandboxState.PAUSED);
            assertThat(server.sandboxes.info(OWNER, id).endReason()).isEmpty();
            server.sandboxes.list(OWNER, new SandboxQuery(java.util.Set.of(), Map.of(), Optional.empty(), 0, 10));
            server.sandboxes.rests().snapshots(OWNER, id);
            assertThat(state(server, id)).as("looking does not wake it").isEqualTo(SandboxState.PAUSED);
            Caller reader = new Caller(OWNER, "key-2", "reader", Set.of(Scope.READ), Optional.empty());
            assertThatThrownBy(() -> server.sandboxes.use(reader, id, sandbox -> sandbox.guest().exists("/f", "user")))
                    .isInstanceOfSatisfying(PlatformFailure.class, failure -> assertThat(failure.code()).isEqualTo("sandbox_paused"));
            assertThat(state(server, id)).as("who may only look does not wake it").isEqualTo(SandboxState.PAUSED);
            AtomicInteger served = new AtomicInteger();
            List<Thread> callers = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                callers.add(Thread.startVirtualThread(() -> {
                    server.sandboxes.use(TestServer.caller(OWNER), id, sandbox -> sandbox.guest().exists("/f", "user"));
                    served.incrementAndGet();
                }));
            }
            for (Thread caller : callers) caller.join();
            assertThat(served).hasValue(6);
            assertThat(file(id)).isEqualTo("kept");
            assertThat(host.vms).hasSize(1);
        }
    }

    @Test
    void aSandboxThatCannotBePausedAtItsDeadlineIsKilledInTheEnd() throws Exception {
        try (TestServer server = server(false)) {
            String id = create(server, 10, "{\"on_timeout\":\"pause\"}");
            host.failSave = any -> true;
            await(() -> {
                clock.move(Duration.ofSeconds(11));
                TimeUnit.MILLISECONDS.sleep(100);
                return state(server, id) == SandboxState.KILLED;
            });
            assertThat(server.sandboxes.info(OWNER, id).endReason()).contains("timeout");
            assertThat(host.vms).isEmpty();
        }
    }

    @Test
    void aForkIsAnotherSandboxAndItsSnapshotOutlivesTheFirst() throws Exception {
        try (TestServer server = server(false)) {
            String id = create(server, 300, null);
            put(server, id, "first");
            SnapshotInfo snapshot = server.sandboxes.rests().snapshot(OWNER, id, Optional.empty());
            put(server, id, "second");
            CreateSandbox request = new CreateSandbox(
                    "base", 300, true, Map.of(), Map.of(), Optional.empty(), Optional.empty(), Optional.empty(),
                    List.of(), Optional.of(snapshot.id()), Map.of());
            String fork = server.sandboxes.create(OWNER, request).info().id();
            assertThat(file(fork)).isEqualTo("first");
            assertThat(file(id)).isEqualTo("second");
            assertThat(host.vm(fork).guest.identity.token()).isNotEqualTo(host.vm(id).guest.identity.token());
            assertThat(host.vm(fork).guest.identity.hostname()).isEqualTo(fork);
            assertThatThrownBy(() -> server.sandboxes.create("owner-2", request)).isInstanceOf(PlatformFailure.NotFound.class);

            server.sandboxes.kill(OWNER, id);
            assertThat(server.sandboxes.rests().snapshots(OWNER, id)).extracting(SnapshotInfo::id).containsExactly(snapshot.id());
            server.sandboxes.rests().restore(OWNER, id, Optional.empty());
            assertThat(state(server, id)).isEqualTo(SandboxState.RUNNING);
            assertThat(file(id)).isEqualTo("first");
            put(server, id, "third");
            server.sandboxes.rests().restore(OWNER, id, Optional.of(snapshot.id()));
            assertThat(file(id)).as("a restore of a running sandbox replaces its state").isEqualTo("first");
            assertThat(server.egress.slots).containsOnlyKeys(id, fork);
            assertThat(server.sandboxes.counts()).containsEntry("sandboxes", 2);
            server.sandboxes.rests().delete(OWNER, id, snapshot.id());
            server.sandboxes.rests().delete(OWNER, id, snapshot.id());
            assertThatThrownBy(() -> server.sandboxes.rests().restore(OWNER, id, Optional.of(snapshot.id())))
                    .isInstanceOf(PlatformFailure.NotFound.class);
        }
    }

    @Test
    void aRestartKeepsWhatIsPausedAndSettlesWhatWasHalfDone() throws Exception {
        TestServer crashed = server(true);
        String paused = create(crashed, 300, null);
        put(crashed, paused, "kept");
        crashed.sandboxes.rests().pause(OWNER, paused);
        String saving = create(crashed, 300, null);
        String resuming = create(crashed, 300, null);
        put(crashed, resuming, "kept too");
        crashed.sandboxes.rests().pause(OWNER, resuming);
        crashed.database.write(handle -> handle.execute("UPDATE sandboxes SET state = 'PAUSING' WHERE id = ?", saving));
        crashed.database.write(handle -> handle.execute("UPDATE sandboxes SET state = 'RESUMING' WHERE id = ?", resuming));
        host.vm(saving).snapshot("snap-belongs-to-nobody", OWNER);
        crashed.crash();

        try (TestServer server = server(false)) {
            assertThat(state(server, paused)).isEqualTo(SandboxState.PAUSED);
            assertThat(state(server, saving)).isEqualTo(SandboxState.RUNNING);
            assertThat(state(server, resuming)).isEqualTo(SandboxState.PAUSED);
            assertThat(host.saved).hasSize(2);
            server.sandboxes.rests().resume(OWNER, paused);
            server.sandboxes.rests().resume(OWNER, resuming);
            assertThat(file(paused)).isEqualTo("kept");
            assertThat(file(resuming)).isEqualTo("kept too");
            assertThat(server.egress.slots).containsOnlyKeys(paused, saving, resuming);
        }
    }

    @Test
    void aPausedSandboxIsKilledWithWhatItSaved() throws Exception {
        try (TestServer server = server(false)) {
            String id = create(server, 300, null);
            server.sandboxes.rests().pause(OWNER, id);
            String snapshot = server.sandboxes.rests().snapshots(OWNER, id).getFirst().id();
            assertThatThrownBy(() -> server.sandboxes.rests().delete(OWNER, id, snapshot))
                    .isInstanceOf(PlatformFailure.Conflict.class);
            assertThat(server.sandboxes.kill(OWNER, id)).isTrue();
            assertThat(server.sandboxes.kill(OWNER, id)).isFalse();
            assertThat(state(server, id)).isEqualTo(SandboxState.KILLED);
            assertThat(host.saved).isEmpty();
            assertThatThrownBy(() -> server.sandboxes.rests().resume(OWNER, id)).isInstanceOf(PlatformFailure.Gone.class);
        }
    }
}
