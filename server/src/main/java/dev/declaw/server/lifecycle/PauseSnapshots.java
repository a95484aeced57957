package dev.declaw.server.lifecycle;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.store.SnapshotRow;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What pauses have saved: a paused sandbox keeps its newest, one that was resumed or has ended keeps none. Thread-safe.
final class PauseSnapshots {
    private static final Logger LOG = LoggerFactory.getLogger(PauseSnapshots.class);

    private final Sandboxes.Parts parts;

    PauseSnapshots(Sandboxes.Parts parts) {
        this.parts = parts;
    }

    /// The one that a paused sandbox goes on from.
    Optional<SnapshotRow> newest(String sandboxId) {
        return parts.snapshots().ofSandbox(sandboxId).stream()
                .filter(row -> row.complete() && row.source().equals(SnapshotRow.PAUSE))
                .findFirst();
    }

    /// As [#newest].
    ///
    /// @throws PlatformFailure.NotFound when there is none
    SnapshotRow required(String sandboxId) {
        return newest(sandboxId)
                .orElseThrow(() -> new PlatformFailure.NotFound(
                        "snapshot_not_found", sandboxId + " has no snapshot that it could go on from"));
    }

    void forget(String sandboxId) {
        forgetBut(sandboxId, "");
    }

    void forgetBut(String sandboxId, String kept) {
        for (SnapshotRow row : parts.snapshots().ofSandbox(sandboxId)) {
            if (row.source().equals(SnapshotRow.PAUSE) && !row.id().equals(kept)) discard(row);
        }
    }

    /// Removes a snapshot; one that cannot be removed now is found by the next start.
    void discard(SnapshotRow row) {
        try {
            parts.host().deleteSnapshot(row.id());
            parts.snapshots().delete(row.id());
        } catch (RuntimeException e) {
            LOG.warn("snapshot {} could not be removed", row.id(), e);
        }
    }
}
