package dev.declaw.server.lifecycle;

import dev.declaw.server.store.SnapshotRow;
import java.time.Instant;

/// What may be told about a snapshot.
///
/// @param source `manual` or `pause`
/// @param memoryBytes memory that is not zero
/// @param stillMillis how long the sandbox stood still for it
public record SnapshotInfo(
        String id, String sandboxId, String source, long memoryBytes, long stillMillis, Instant created) {
    static SnapshotInfo of(SnapshotRow row) {
        return new SnapshotInfo(
                row.id(), row.sandboxId(), row.source(), row.memoryBytes(), row.stillMillis(), row.created());
    }
}
