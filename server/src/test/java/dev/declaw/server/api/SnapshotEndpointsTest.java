package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.runtime.StoredSnapshot;
import dev.declaw.server.fake.FakeGuest;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The wire form of pause, resume, snapshots and restore (wire-api 3.9 to 3.11).
final class SnapshotEndpointsTest {
    @TempDir
    Path home;

    private TestServer server;
    private RawHttp http;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(home);
        http = server.http;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String create(String body) {
        RawHttp.Answer answer = http.post("/sandboxes", body);
        assertThat(answer.status()).as(answer.text()).isEqualTo(201);
        return answer.json().path("sandbox_id").textValue();
    }

    private String state(String id) {
        return http.get("/sandboxes/" + id).json().path("state").textValue();
    }

    private void assertCode(RawHttp.Answer answer, int status, String code) {
        assertThat(answer.status()).as(answer.text()).isEqualTo(status);
        assertThat(answer.json().path("code").textValue()).isEqualTo(code);
    }

    @Test
    void aSandboxIsPausedAndResumedByClientsThatSendNoBody() {
        String id = create("{}");
        RawHttp.Answer paused = http.call("POST", "/sandboxes/" + id + "/pause", null);
        assertThat(paused.status()).isEqualTo(200);
        assertThat(paused.json().isObject()).isTrue();
        assertThat(state(id)).isEqualTo("paused");
        assertThat(http.get("/sandboxes/" + id + "/status").json().path("is_running").booleanValue()).isFalse();
        assertThat(http.get("/sandboxes?state=paused").json().path("total").intValue()).isEqualTo(1);
        assertCode(http.post("/sandboxes/" + id + "/commands", "{\"cmd\":\"true\"}"), 409, "sandbox_paused");
        assertThat(http.call("POST", "/sandboxes/" + id + "/pause", null).status()).as("twice").isEqualTo(200);
        JsonNode snapshot = http.get("/sandboxes/" + id + "/snapshots").json().path("snapshots").path(0);
        assertThat(snapshot.path("source").textValue()).isEqualTo("pause");
        assertCode(
                http.call("DELETE", "/sandboxes/" + id + "/snapshots/" + snapshot.path("snapshot_id").textValue(), null),
                409,
                "snapshot_in_use");

        RawHttp.Answer resumed = http.call("POST", "/sandboxes/" + id + "/resume", null);
        assertThat(resumed.status()).isEqualTo(200);
        assertThat(resumed.json().path("resumed").booleanValue()).isTrue();
        assertThat(resumed.json().path("sandbox_id").textValue()).isEqualTo(id);
        assertThat(resumed.json().path("snapshot_id")).isEqualTo(snapshot.path("snapshot_id"));
        assertThat(state(id)).isEqualTo("running");
        assertCode(http.call("POST", "/sandboxes/" + id + "/resume", null), 409, "sandbox_not_paused");
        assertCode(http.call("POST", "/sandboxes/sbx-00000000/pause", null), 404, "sandbox_not_found");
    }

    @Test
    void snapshotsHaveTheFieldsThatClientsRead() {
        String id = create("{}");
        RawHttp.Answer first = http.post("/sandboxes/" + id + "/snapshot", "{}");
        assertThat(first.status()).isEqualTo(201);
        JsonNode snapshot = first.json();
        assertThat(snapshot.path("snapshot_id").textValue()).matches("snap-[0-9a-f]{8,}");
        assertThat(snapshot.path("sandbox_id").textValue()).isEqualTo(id);
        assertThat(snapshot.path("source").textValue()).isEqualTo("manual");
        assertThat(snapshot.path("mem_blob_key").isTextual()).isTrue();
        assertThat(snapshot.path("vmstate_blob_key").isTextual()).isTrue();
        assertThat(snapshot.path("mem_size_bytes").longValue()).isPositive();
        assertThat(snapshot.path("pause_duration_ms").longValue()).isEqualTo(7);
        assertThat(OffsetDateTime.parse(snapshot.path("created_at").textValue())).isNotNull();
        assertThat(state(id)).isEqualTo("running");
        assertThat(http.call("POST", "/sandboxes/" + id + "/snapshots", null).status()).isEqualTo(201);
        assertThat(http.get("/sandboxes/" + id + "/snapshots").json().path("snapshots")).hasSize(2);

        JsonNode page = http.get("/snapshots?limit=1").json();
        assertThat(page.path("snapshots")).hasSize(1);
        JsonNode next = http.get("/snapshots?limit=1&sandbox_id=" + id + "&next_token=" + page.path("next_token").textValue())
                .json();
        assertThat(next.path("snapshots")).hasSize(1).isNotEqualTo(page.path("snapshots"));
        assertThat(next.path("next_token").isNull()).isTrue();
        assertThat(http.get("/snapshots?sandbox_id=sbx-other").json().path("snapshots")).isEmpty();
        assertCode(http.get("/snapshots?next_token=nonsense"), 400, "invalid_next_token");

        String sid = snapshot.path("snapshot_id").textValue();
        assertThat(http.call("DELETE", "/sandboxes/" + id + "/snapshots/" + sid, null).status()).isEqualTo(200);
        assertThat(http.call("DELETE", "/sandboxes/" + id + "/snapshots/" + sid, null).status()).as("again").isEqualTo(200);
        assertThat(http.get("/sandboxes/" + id + "/snapshots").json().path("snapshots")).hasSize(1);
    }

    @Test
    void aKilledSandboxIsRestoredUnderItsIdAndForkedUnderOthers() {
        String id = create("{\"metadata\":{\"team\":\"x\"}}");
        String sid = http.call("POST", "/sandboxes/" + id + "/snapshot", null).json().path("snapshot_id").textValue();
        assertThat(http.call("DELETE", "/sandboxes/" + id, null).json().path("killed").booleanValue()).isTrue();
        RawHttp.Answer restored = http.call("POST", "/sandboxes/" + id + "/restore?snapshot_id=" + sid, null);
        assertThat(restored.status()).as(restored.text()).isEqualTo(200);
        assertThat(restored.json().path("sandbox_id").textValue()).isEqualTo(id);
        assertThat(restored.json().path("snapshot_id").textValue()).isEqualTo(sid);
        assertThat(restored.json().path("node_id").isTextual()).isTrue();
        assertThat(state(id)).isEqualTo("running");
        assertThat(http.get("/sandboxes/" + id).json().path("metadata").path("team").textValue()).isEqualTo("x");

        String fork = create("{\"snapshot_id\":\"" + sid + "\"}");
        assertThat(fork).isNotEqualTo(id);
        assertThat(state(fork)).isEqualTo("running");
        assertCode(http.call("POST", "/sandboxes/" + fork + "/restore?snapshot_id=" + sid, null), 404, "snapshot_not_found");
    }

    @Test
    void aDamagedSnapshotIsRefusedWithTheReason() {
        String id = create("{}");
        http.call("POST", "/sandboxes/" + id + "/pause", null);
        server.host.failResume = any -> true;
        RawHttp.Answer refused = http.call("POST", "/sandboxes/" + id + "/resume", null);
        assertCode(refused, 422, "snapshot_unusable");
        assertThat(refused.json().path("message").textValue()).contains("memory is missing");
        assertThat(state(id)).isEqualTo("paused");
    }

    @Test
    void aSnapshotTellsItsSizesAndIsRemovedWhenItsTimeIsOver() throws Exception {
        String id = create("{}");
        JsonNode kept = http.post("/sandboxes/" + id + "/snapshot", "{}").json();
        assertThat(kept.path("expires_at").isNull()).isTrue();
        assertThat(kept.path("size_bytes").longValue()).isEqualTo(3 << 20);
        assertThat(kept.path("stored_bytes").longValue()).isEqualTo(1 << 19);
        JsonNode passing = http.post("/sandboxes/" + id + "/snapshot", "{\"ttl_seconds\": 60}").json();
        assertThat(OffsetDateTime.parse(passing.path("expires_at").textValue()).toInstant())
                .isEqualTo(server.clock.instant().plusSeconds(60));
        assertCode(http.post("/sandboxes/" + id + "/snapshot", "{\"ttl_seconds\": -1}"), 400, "invalid_request");
        server.clock.move(Duration.ofSeconds(59));
        Thread.sleep(500);
        assertThat(ids(id)).hasSize(2);
        server.clock.move(Duration.ofSeconds(3));
        for (int i = 0; i < 200 && ids(id).size() > 1; i++) Thread.sleep(20);
        assertThat(ids(id)).containsExactly(kept.path("snapshot_id").textValue());
        assertThat(server.host.saved).containsOnlyKeys(kept.path("snapshot_id").textValue());
    }

    private List<String> ids(String sandbox) {
        return http.get("/sandboxes/" + sandbox + "/snapshots").json().path("snapshots").valueStream()
                .map(snapshot -> snapshot.path("snapshot_id").textValue())
                .toList();
    }

    @Test
    void severalForksComeFromOneCallAndThoseThatFailAreTold() {
        String id = create("{}");
        String snapshot = http.post("/sandboxes/" + id + "/snapshot", "{}").json().path("snapshot_id").textValue();
        String request = "{\"snapshot_id\": \"" + snapshot + "\", \"count\": %d}";
        RawHttp.Answer three = http.post("/sandboxes", request.formatted(3));
        assertThat(three.status()).as(three.text()).isEqualTo(201);
        assertThat(three.json().path("failed")).isEmpty();
        assertThat(three.json().path("sandboxes").valueStream().map(one -> one.path("sandbox_id").textValue()).distinct())
                .hasSize(3);

        RawHttp.Answer some = http.post("/sandboxes", request.formatted(6)); // the server takes 8 in all
        assertThat(some.status()).as(some.text()).isEqualTo(207);
        assertThat(some.json().path("sandboxes")).hasSize(4);
        assertThat(some.json().path("failed")).hasSize(2);
        assertThat(some.json().path("failed").path(0).path("code").textValue()).isEqualTo("too_many_sandboxes");
        assertCode(http.post("/sandboxes", request.formatted(2)), 429, "too_many_sandboxes");

        assertCode(http.post("/sandboxes", request.formatted(65)), 400, "invalid_request");
        assertCode(http.post("/sandboxes", "{\"count\": 2}"), 400, "invalid_request");
    }

    @Test
    void aSnapshotOfAnotherServerIsForkedByItsTenantOnly() {
        server.host.saved.put("snap-elsewhere", new FakeGuest());
        server.host.foreign.put("snap-elsewhere", new StoredSnapshot(
                "snap-elsewhere", "owner-1", "sbx-1", "base", 2, 512, server.clock.instant()));
        server.host.foreign.put("snap-strangers", new StoredSnapshot(
                "snap-strangers", "owner-2", "sbx-1", "base", 2, 512, server.clock.instant()));
        create("{\"snapshot_id\": \"snap-elsewhere\"}");
        assertCode(http.post("/sandboxes", "{\"snapshot_id\": \"snap-strangers\"}"), 404, "snapshot_not_found");
    }
}
