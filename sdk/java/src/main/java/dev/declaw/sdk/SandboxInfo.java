package dev.declaw.sdk;

import dev.declaw.sdk.json.JsonObject;
import java.util.Map;
import java.util.Optional;

/// What the server says about a sandbox.
///
/// @param state `running`, `paused`, `creating`, `killed`; a newer server may know more
/// @param startedAt RFC 3339
/// @param endAt when its time is over, or when it ended
/// @param timeoutSeconds 0 = without an end
/// @param raw everything, with `network`, `security`, `lifecycle`, `volumes`, `resources`
public record SandboxInfo(
        String id,
        String template,
        String state,
        Map<String, String> metadata,
        Optional<String> startedAt,
        Optional<String> endAt,
        long timeoutSeconds,
        Optional<String> endReason,
        JsonObject raw) {
    static SandboxInfo of(JsonObject row) {
        return new SandboxInfo(
                row.text("sandbox_id"),
                row.optionalText("name").filter(name -> !name.isEmpty()).orElse(row.text("template_id")),
                row.text("state"),
                row.textMap("metadata"),
                row.optionalText("started_at"),
                row.optionalText("end_at"),
                row.number("timeout"),
                row.optionalText("end_reason"),
                row);
    }

    public boolean running() {
        return state.equals("running");
    }

    @Override
    public String toString() {
        return "SandboxInfo[" + id + ", " + state + "]"; // what it was created with may hold secrets
    }
}
