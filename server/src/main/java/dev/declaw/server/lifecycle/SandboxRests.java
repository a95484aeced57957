package dev.declaw.server.lifecycle;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxState;
import dev.declaw.server.store.SandboxRow;
import dev.declaw.server.store.SandboxTable;
import dev.declaw.server.store.SnapshotRow;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Pausing, resuming and snapshots of an owner's sandboxes, for the API. Thread-safe; calls block and are meant for virtual
/// threads.
public final class SandboxRests {
    public static final int LIMIT_MAX = 1000;

    private static final Pattern TOKEN = Pattern.compile("([0-9]{1,18}):([a-z0-9-]{1,64})");

    private final Sandboxes.Parts parts;
    private final SandboxPause pause;
    private final SandboxResume resume;
    private final PauseSnapshots pauses;
    private final ConcurrentMap<String, LiveSandbox> live;
    private final SandboxAudit audit;

    SandboxRests(
            Sandboxes.Parts parts,
            SandboxPause pause,
            SandboxResume resume,
            PauseSnapshots pauses,
            ConcurrentMap<String, LiveSandbox> live,
            SandboxAudit audit) {
        this.parts = parts;
        this.pause = pause;
        this.resume = resume;
        this.pauses = pauses;
        this.live = live;
        this.audit = audit;
    }

    /// @param nextToken asks for the next page; empty on the last
    public record SnapshotPage(List<SnapshotInfo> snapshots, Optional<String> nextToken) {}

    /// Saves a sandbox and frees what it holds of the machine; one that is paused already stays so.
    public void pause(String owner, String id) {
        SandboxRow row = row(owner, id);
        if (row.state() == SandboxState.PAUSED) return;
        pause.pause(running(row));
    }

    /// Brings a paused sandbox back, under its id, with everything that ran in it.
    ///
    /// @return the snapshot that it goes on from
    /// @throws PlatformFailure.Conflict when it is not paused
    public SnapshotInfo resume(String owner, String id) {
        SandboxRow row = row(owner, id);
        if (row.state() != SandboxState.PAUSED && row.state() != SandboxState.RESUMING) {
            throw row.state() == SandboxState.KILLED || row.state() == SandboxState.KILLING
                    ? new PlatformFailure.Gone("sandbox_killed", id + " was killed; a snapshot of it can be restored")
                    : new PlatformFailure.Conflict("sandbox_not_paused", id + " is " + row.state().wire() + ", not paused");
        }
        Optional<SnapshotRow> newest = pauses.newest(id);
        return resume.resume(row)
                .or(() -> newest)
                .map(SnapshotInfo::of)
                .orElseThrow(() -> new PlatformFailure.Conflict("sandbox_not_paused", id + " was resumed by somebody else meanwhile"));
    }

    /// The row of a sandbox that is about to be used: resumed first, when it is paused and asked for that.
    SandboxRow awake(SandboxRow row) {
        boolean sleeps = row.state() == SandboxState.PAUSED || row.state() == SandboxState.RESUMING;
        if (!sleeps || !Lifecycle.of(row).autoResume()) return row;
        resume.resume(row);
        return parts.sandboxes().find(row.id()).orElse(row);
    }

    static PlatformFailure paused(String id) {
        return new PlatformFailure.Conflict(
                "sandbox_paused", id + " is paused; resume it, or create sandboxes with lifecycle.auto_resume");
    }

    /// Saves a running sandbox, which goes on. Of one that is paused, its pause is the newest snapshot.
    ///
    /// @param lifeSeconds after which the snapshot is removed; 0 for never, empty for what the server's settings say
    public SnapshotInfo snapshot(String owner, String id, Optional<Long> lifeSeconds) {
        SandboxRow row = row(owner, id);
        if (row.state() == SandboxState.PAUSED) return SnapshotInfo.of(pauses.required(id));
        return pause.snapshot(running(row), lifeSeconds);
    }

    /// Snapshots of one sandbox, living or killed, newest first.
    public List<SnapshotInfo> snapshots(String owner, String id) {
        row(owner, id);
        return parts.snapshots().ofSandbox(id).stream()
                .filter(SnapshotRow::complete)
                .map(SnapshotInfo::of)
                .toList();
    }

    /// Snapshots of all sandboxes of an owner, newest first.
    public SnapshotPage page(String owner, Optional<String> sandboxId, Optional<String> token, int limit) {
        List<SnapshotRow> rows = parts.snapshots().page(owner, sandboxId, token.map(SandboxRests::cursor), limit + 1);
        List<SnapshotRow> shown = rows.size() > limit ? rows.subList(0, limit) : rows;
        return new SnapshotPage(
                shown.stream().map(SnapshotInfo::of).toList(),
                rows.size() > limit ? Optional.of(token(shown.getLast())) : Optional.empty());
    }

    private static String token(SnapshotRow row) {
        String text = ChronoUnit.MICROS.between(Instant.EPOCH, row.created()) + ":" + row.id();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static SandboxTable.Cursor cursor(String token) {
        try {
            Matcher matcher = TOKEN.matcher(new String(Base64.getUrlDecoder().decode(token), StandardCharsets.US_ASCII));
            if (matcher.matches()) return new SandboxTable.Cursor(Long.parseLong(matcher.group(1)), matcher.group(2));
        } catch (IllegalArgumentException _) {
            // not Base64: refused below like any other text
        }
        throw new PlatformFailure.InvalidRequest("invalid_next_token", "next_token is not one that this server gave out");
    }

    /// Removes a snapshot; one that is not there is removed already.
    ///
    /// @throws PlatformFailure.Conflict for the one that a paused sandbox goes on from
    public void delete(String owner, String id, String snapshotId) {
        row(owner, id);
        Optional<SnapshotRow> snapshot =
                parts.snapshots().find(snapshotId).filter(found -> found.sandboxId().equals(id));
        if (snapshot.isEmpty()) return;
        SandboxState state = row(owner, id).state(); // read behind the snapshot, which a pause may just have made
        boolean needed = snapshot.get().source().equals(SnapshotRow.PAUSE)
                && (state == SandboxState.PAUSING || state == SandboxState.PAUSED || state == SandboxState.RESUMING);
        if (needed || !snapshot.get().complete()) {
            throw new PlatformFailure.Conflict(
                    "snapshot_in_use",
                    needed
                            ? id + " is paused and goes on from this snapshot; resume or kill it first"
                            : "this snapshot is being made; delete it in a moment");
        }
        audit.lifecycle(id, "vm_snapshot_deleted", facts -> facts.text("snapshot_id", snapshotId));
        pauses.discard(snapshot.get());
    }

    /// Brings a sandbox back to a snapshot of it, under its id, whatever its state is.
    ///
    /// @param snapshotId empty for the newest, that of a pause first
    /// @return the snapshot
    public SnapshotInfo restore(String owner, String id, Optional<String> snapshotId) {
        SandboxRow row = row(owner, id);
        SnapshotRow snapshot = parts.snapshots().ofSandbox(id).stream()
                .filter(SnapshotRow::complete)
                .filter(found -> snapshotId.map(found.id()::equals).orElse(true))
                .min(Comparator.comparing(found -> !found.source().equals(SnapshotRow.PAUSE)))
                .orElseThrow(() -> new PlatformFailure.NotFound("snapshot_not_found", id + " has no such snapshot"));
        resume.restore(row, snapshot);
        return SnapshotInfo.of(snapshot);
    }

    /// Ends a sandbox that is paused: there is nothing but its snapshot. False when it has ended already.
    boolean endPaused(SandboxRow row) {
        if (row.state() != SandboxState.PAUSED || !parts.sandboxes().killing(row.id(), row.executionId(), "killed")) {
            return false;
        }
        pauses.forget(row.id());
        parts.sandboxes().killed(row.id(), row.executionId(), parts.clock().instant());
        audit.lifecycle(row.id(), "vm_killed", facts -> facts.text("detail", "killed"));
        return true;
    }

    private LiveSandbox running(SandboxRow row) {
        LiveSandbox sandbox = live.get(row.id());
        if (row.state() == SandboxState.RUNNING && sandbox != null) return sandbox;
        if (row.state() == SandboxState.KILLED || row.state() == SandboxState.KILLING) {
            throw new PlatformFailure.Gone("sandbox_killed", row.id() + " was killed or has ended");
        }
        throw new PlatformFailure.Conflict("sandbox_not_running", row.id() + " is " + row.state().wire() + "; try again", 1);
    }

    private SandboxRow row(String owner, String id) {
        return parts.sandboxes()
                .find(id)
                .filter(row -> row.owner().equals(owner))
                .orElseThrow(() -> new PlatformFailure.NotFound("sandbox_not_found", "there is no such sandbox"));
    }
}
