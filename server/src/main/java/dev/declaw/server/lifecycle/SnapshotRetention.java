package dev.declaw.server.lifecycle;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.store.SnapshotRow;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// How long snapshots are kept and how many a tenant may have. What a pause saved is not counted by time: it lives as long as
/// its sandbox is paused. Thread-safe.
final class SnapshotRetention {
    private static final int AT_ONCE_MAX = 32;
    private static final long SECONDS_MAX = 100L * 366 * 24 * 3600;

    private final Sandboxes.Parts parts;
    private final Retention settings;
    private final PauseSnapshots pauses;
    private final SandboxAudit audit;

    SnapshotRetention(
            Sandboxes.Parts parts, Retention settings, PauseSnapshots pauses, SandboxAudit audit) {
        this.parts = parts;
        this.settings = settings;
        this.pauses = pauses;
        this.audit = audit;
    }

    /// When a snapshot that is taken now ends.
    ///
    /// @param asked seconds; 0 for never, empty for the server's setting
    /// @throws PlatformFailure.InvalidRequest when it is longer than any can be
    Optional<Instant> expires(Optional<Long> asked, Instant now) {
        long seconds = asked.orElse(settings.lifeSecondsDefault());
        if (seconds < 0 || seconds > SECONDS_MAX) {
            throw new PlatformFailure.InvalidRequest(
                    "invalid_request", "ttl_seconds: must be a number of seconds from 0 (never removed) to " + SECONDS_MAX);
        }
        long max = settings.lifeSecondsMax();
        if (max > 0 && (seconds == 0 || seconds > max)) {
            if (asked.isPresent()) {
                throw new PlatformFailure.PermissionDenied(
                        "ttl_too_long",
                        "this server keeps snapshots for " + max + " s at most (DECLAW_SNAPSHOT_TTL_SECONDS_MAX; 0 there allows any)");
            }
            seconds = max;
        }
        return seconds == 0 ? Optional.empty() : Optional.of(now.plus(Duration.ofSeconds(seconds)));
    }

    /// @throws PlatformFailure.QuotaExceeded when a tenant has as many snapshots as it may
    void requireRoom(int count) {
        if (settings.countMax() > 0 && count >= settings.countMax()) {
            throw new PlatformFailure.QuotaExceeded(
                    "too_many_snapshots",
                    "you have " + count + " snapshots, the limit (DECLAW_TENANT_SNAPSHOTS_MAX): delete some first",
                    1);
        }
    }

    /// Removes some whose time is over; the next call goes on. One that cannot be removed is tried again then.
    void sweep(Instant now) {
        List<SnapshotRow> over = parts.snapshots().expired(now, AT_ONCE_MAX);
        for (SnapshotRow row : over) {
            audit.lifecycle(row.sandboxId(), "vm_snapshot_expired", facts -> facts.text("snapshot_id", row.id()));
            pauses.discard(row);
        }
    }
}
