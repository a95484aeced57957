package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.nio.file.Path;
import java.time.OffsetDateTime;
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
}
