package dev.declaw.server.lifecycle;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.server.store.SandboxRow;

/// What a sandbox asked for about its own end (wire-api 15.11).
///
/// @param pauseOnTimeout it is paused when its deadline passes, not killed
/// @param autoResume it is resumed when it is used while it is paused
/// @param idleSeconds after so long without a call to it, what its deadline would do is done; 0 for never
record Lifecycle(boolean pauseOnTimeout, boolean autoResume, long idleSeconds) {
    static Lifecycle of(SandboxRow row) {
        return row.lifecycle().map(StoredJson::read).map(Lifecycle::read).orElse(new Lifecycle(false, false, 0));
    }

    private static Lifecycle read(JsonNode json) {
        return new Lifecycle(
                json.path("on_timeout").asText().equals("pause"),
                json.path("auto_resume").asBoolean(false),
                json.path("idle_timeout").asLong(0));
    }
}
