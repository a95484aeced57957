package dev.declaw.sdk;

import dev.declaw.sdk.json.JsonObject;
import java.util.Optional;
import java.util.Set;

/// One recorded fact.
///
/// @param time RFC 3339
/// @param category for example `network`, `command`, `lifecycle`
/// @param event for example `egress_blocked`
/// @param decision `allow` or `deny`; empty where nothing was decided
/// @param attributes the rest: `host`, `method`, `path`, `status`, `scanner`, `findings`…
/// @param sequence place in the sandbox's hash chain
/// @param raw everything the server said
public record AuditEvent(
        String id,
        String time,
        String sandboxId,
        String category,
        String event,
        Optional<String> decision,
        Optional<String> reason,
        JsonObject attributes,
        long sequence,
        String hash,
        JsonObject raw) {
    private static final Set<String> FIXED =
            Set.of("id", "timestamp", "sandbox_id", "category", "event", "decision", "reason", "sequence", "hash");

    static AuditEvent of(JsonObject row) {
        JsonObject attributes = new JsonObject();
        row.forEach((name, value) -> {
            if (!FIXED.contains(name)) attributes.put(name, value);
        });
        return new AuditEvent(
                row.text("id"),
                row.text("timestamp"),
                row.text("sandbox_id"),
                row.text("category"),
                row.text("event"),
                row.optionalText("decision"),
                row.optionalText("reason"),
                attributes,
                row.number("sequence"),
                row.text("hash"),
                row);
    }
}
