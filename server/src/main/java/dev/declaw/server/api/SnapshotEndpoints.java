package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.server.lifecycle.SandboxRests;
import dev.declaw.server.lifecycle.SnapshotInfo;
import java.util.Optional;

/// Pause, resume, snapshot and restore (wire-api 3.9 to 3.11).
final class SnapshotEndpoints {
    private static final int LIMIT_DEFAULT = 100;
    private static final String NODE = "local";

    private final SandboxRests rests;

    SnapshotEndpoints(SandboxRests rests) {
        this.rests = rests;
    }

    void pause(HttpCall call) {
        rests.pause(call.owner(), call.parameter("id"));
        call.json(200, Json.object());
    }

    void resume(HttpCall call) {
        SnapshotInfo snapshot = rests.resume(call.owner(), call.parameter("id"));
        call.json(200, from(snapshot).put("resumed", true));
    }

    void create(HttpCall call) {
        Optional<Long> life = call.body().wholeNumber("ttl_seconds");
        call.json(201, json(rests.snapshot(call.owner(), call.parameter("id"), life)));
    }

    void list(HttpCall call) {
        ObjectNode answer = Json.object();
        ArrayNode list = answer.putArray("snapshots");
        rests.snapshots(call.owner(), call.parameter("id")).forEach(snapshot -> list.add(json(snapshot)));
        call.json(200, answer);
    }

    void listAll(HttpCall call) {
        SandboxRests.SnapshotPage page = rests.page(
                call.owner(),
                call.query().given("sandbox_id"),
                call.query().given("next_token"),
                call.query().number("limit", LIMIT_DEFAULT, 1, SandboxRests.LIMIT_MAX));
        ObjectNode answer = Json.object();
        ArrayNode list = answer.putArray("snapshots");
        page.snapshots().forEach(snapshot -> list.add(json(snapshot)));
        answer.put("next_token", page.nextToken().orElse(null));
        call.json(200, answer);
    }

    void delete(HttpCall call) {
        rests.delete(call.owner(), call.parameter("id"), call.parameter("sid"));
        call.json(200, Json.object().put("deleted", true));
    }

    void restore(HttpCall call) {
        Optional<String> snapshot = call.query().given("snapshot_id");
        call.json(200, from(rests.restore(call.owner(), call.parameter("id"), snapshot)));
    }

    private static ObjectNode from(SnapshotInfo snapshot) {
        return Json.object()
                .put("sandbox_id", snapshot.sandboxId())
                .put("node_id", NODE)
                .put("snapshot_id", snapshot.id());
    }

    private static ObjectNode json(SnapshotInfo snapshot) {
        ObjectNode node = Json.object()
                .put("snapshot_id", snapshot.id())
                .put("sandbox_id", snapshot.sandboxId())
                .put("source", snapshot.source())
                .put("mem_blob_key", snapshot.id() + "/memory")
                .put("vmstate_blob_key", snapshot.id() + "/state")
                .put("mem_size_bytes", snapshot.memoryBytes())
                .put("pause_duration_ms", snapshot.stillMillis())
                .put("size_bytes", snapshot.sizeBytes())
                .put("stored_bytes", snapshot.storedBytes())
                .put("created_at", Json.timestamp(snapshot.created()));
        node.put("expires_at", snapshot.expires().map(Json::timestamp).orElse(null));
        return node;
    }
}
