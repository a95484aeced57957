package dev.declaw.sdk;

import dev.declaw.sdk.json.JsonObject;

/// Saved memory and disk of a sandbox.
///
/// @param source `manual`, `pause` or `periodic`
/// @param createdAt RFC 3339
public record Snapshot(String id, String sandboxId, String source, String createdAt, JsonObject raw) {
    static Snapshot of(JsonObject row) {
        return new Snapshot(
                row.text("snapshot_id"),
                row.text("sandbox_id"),
                row.optionalText("source").orElse("manual"),
                row.text("created_at"),
                row);
    }
}
