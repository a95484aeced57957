package dev.declaw.server.lifecycle;

import dev.declaw.server.store.SnapshotRow;
import java.time.Instant;
import java.util.Optional;

/// What may be told about a snapshot.
///
/// @param source `manual` or `pause`
/// @param memoryBytes memory that is not zero
/// @param stillMillis how long the sandbox stood still for it
/// @param sizeBytes what a copy that shares nothing would take
/// @param storedBytes what it added to the store
/// @param expires when it is removed; empty for never
public record SnapshotInfo(
        String id,
        String sandboxId,
        String source,
        long memoryBytes,
        long stillMillis,
        Instant created,
        long sizeBytes,
        long storedBytes,
        Optional<Instant> expires) {
    static SnapshotInfo of(SnapshotRow row) {
        return new SnapshotInfo(
                row.id(), row.sandboxId(), row.source(), row.memoryBytes(), row.stillMillis(), row.created(),
                row.sizeBytes(), row.storedBytes(), row.expires());
    }
}
