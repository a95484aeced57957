package dev.declaw.server.lifecycle;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.MicroVm;
import dev.declaw.server.store.SandboxRow;
import dev.declaw.server.store.SnapshotRow;
import dev.declaw.server.store.SnapshotTable;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How a running sandbox is saved: paused, which frees what it holds of the machine, or as a snapshot, after which it goes on.
/// Its way out is closed before a pause, and opened again when the pause fails. Thread-safe.
final class SandboxPause {
    private static final Logger LOG = LoggerFactory.getLogger(SandboxPause.class);
    private static final int SNAPSHOTS_MAX = 64;
    private static final int RELEASE_TRIES_MAX = 20;
    private static final Duration RELEASE_PAUSE = Duration.ofSeconds(1);
    private static final String ID_PREFIX = "snap";
    private static final long MIB = 1024 * 1024;

    private final Sandboxes.Parts parts;
    private final SandboxAudit audit;
    private final EgressSlots slots;
    private final SandboxEnd end;
    private final PauseSnapshots pauses;
    private final ConcurrentMap<String, LiveSandbox> live;
    private final Places places;
    private final SnapshotRetention retention;
    private final Object savedLock = new Object();

    SandboxPause(
            Sandboxes.Parts parts,
            SandboxAudit audit,
            EgressSlots slots,
            SandboxEnd end,
            PauseSnapshots pauses,
            ConcurrentMap<String, LiveSandbox> live,
            Places places,
            SnapshotRetention retention) {
        this.retention = retention;
        this.parts = parts;
        this.audit = audit;
        this.slots = slots;
        this.end = end;
        this.pauses = pauses;
        this.live = live;
        this.places = places;
    }

    /// Saves a sandbox that goes on.
    ///
    /// @param lifeSeconds after which the snapshot is removed; 0 for never, empty for what the server's settings say
    SnapshotInfo snapshot(LiveSandbox sandbox, Optional<Long> lifeSeconds) {
        Optional<Instant> expires = retention.expires(lifeSeconds, parts.clock().instant());
        requireRoom(sandbox);
        if (!sandbox.beginTransition()) throw busy(sandbox);
        try {
            SnapshotRow row = begin(sandbox, SnapshotRow.MANUAL, expires);
            try {
                MicroVm.Saved saved = sandbox.vm().snapshot(row.id(), row.owner());
                parts.snapshots().complete(row.id(), sizes(saved), saved.still().toMillis());
                audit.lifecycle(
                        sandbox.id(),
                        "vm_snapshot_completed",
                        facts -> facts.text("snapshot_id", row.id()).number("still_millis", saved.still().toMillis()));
                return SnapshotInfo.of(parts.snapshots().find(row.id()).orElseThrow());
            } catch (RuntimeException e) {
                pauses.discard(row);
                audit.lifecycle(sandbox.id(), "vm_snapshot_failed", facts -> facts.text("detail", reason(e)));
                throw e;
            }
        } finally {
            if (sandbox.finishCreating() || sandbox.vmExited()) end.abandon(sandbox, "vm_exited");
        }
    }

    /// Saves a sandbox and frees what it holds; when this returns, it is PAUSED. When it fails, it goes on or has ended.
    void pause(LiveSandbox sandbox) {
        pause(sandbox, "request");
    }

    /// As [#pause], because nobody uses it.
    void pauseIdle(LiveSandbox sandbox) {
        pause(sandbox, "idle");
    }

    private void pause(LiveSandbox sandbox, String why) {
        if (!sandbox.beginTransition()) throw busy(sandbox);
        if (!parts.transitions().pausing(sandbox.id(), sandbox.row().executionId())) {
            finish(sandbox);
            throw busy(sandbox);
        }
        save(sandbox, why);
    }

    /// As [#pause], for a sandbox whose deadline has passed. False when it was moved, or somebody else has the sandbox.
    boolean pauseExpired(LiveSandbox sandbox, Instant now) {
        if (!sandbox.beginTransition()) return false;
        if (!parts.transitions().pausingExpired(sandbox.id(), sandbox.row().executionId(), now)) {
            finish(sandbox);
            return false;
        }
        save(sandbox, "timeout");
        return true;
    }

    private void save(LiveSandbox sandbox, String why) {
        SandboxRow of = sandbox.row();
        SnapshotRow row = null;
        boolean saved = false;
        try {
            row = begin(sandbox, SnapshotRow.PAUSE, Optional.empty());
            parts.volumes().end(of.id()); // a last look, while the guest still answers
            sandbox.leaving(true);
            slots.close(sandbox);
            MicroVm.Saved machine = sandbox.vm().pause(row.id(), row.owner());
            saved = true;
            parts.snapshots().complete(row.id(), sizes(machine), machine.still().toMillis());
        } catch (RuntimeException | Error e) {
            if (saved) finish(sandbox); // it stays PAUSING and is found as paused by the next start: nothing of it is lost
            if (saved) throw e;
            if (row != null) pauses.discard(row);
            goOn(sandbox, e, row != null);
            throw e;
        }
        release(sandbox.vm());
        String snapshot = row.id();
        pauses.forgetBut(of.id(), snapshot); // before anybody may resume it, and pause it again
        // A new execution id: whoever still has this run in his hands cannot reach what comes after it.
        if (!parts.transitions().paused(of.id(), of.executionId(), parts.tokens().executionId(), parts.clock().instant())) {
            finish(sandbox); // killed meanwhile
            throw SandboxCreation.killedMeanwhile(sandbox);
        }
        live.remove(of.id(), sandbox);
        if (!finish(sandbox)) {
            places.release();
            sandbox.gone().complete(null);
        }
        audit.lifecycle(of.id(), "vm_paused", facts -> facts.text("snapshot_id", snapshot).text("detail", why));
    }

    /// Removes what a saved machine holds; when that fails, it is tried again in the background. What is left after all
    /// tries, the next start removes.
    private static void release(MicroVm vm) {
        try {
            vm.kill();
        } catch (RuntimeException e) {
            LOG.warn("{} is saved, but what it holds could not be released yet", vm.id(), e);
            Thread.ofVirtual().name("release-" + vm.id()).start(() -> releaseAgain(vm));
        }
    }

    private static void releaseAgain(MicroVm vm) {
        for (int attempt = 0; attempt < RELEASE_TRIES_MAX; attempt++) {
            try {
                Thread.sleep(RELEASE_PAUSE);
                vm.kill();
                return;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (RuntimeException e) {
                LOG.warn("{} could not be released", vm.id(), e);
            }
        }
    }

    /// The sandbox could not be paused: it goes on with its way out open again, or ends when it cannot.
    ///
    /// @param begun false when nothing was done to it yet
    private void goOn(LiveSandbox sandbox, Throwable failure, boolean begun) {
        SandboxRow of = sandbox.row();
        if (begun) LOG.warn("{} could not be paused", of.id(), failure);
        else LOG.info("{} is not paused: {}", of.id(), reason(failure));
        try {
            if (sandbox.vmExited()) throw new IllegalStateException("its microVM ended");
            if (begun) {
                slots.connect(sandbox, false);
                parts.volumes().resume(of.owner(), of.id(), sandbox.guest());
                sandbox.leaving(false);
            }
            if (!parts.transitions().goesOn(of.id(), of.executionId())) throw SandboxCreation.killedMeanwhile(sandbox);
            audit.lifecycle(of.id(), "vm_pause_failed", facts -> facts.text("detail", reason(failure)));
            finish(sandbox);
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
            sandbox.finishCreating();
            end.abandon(sandbox, "pause_failed");
        }
    }

    /// Lets go of the sandbox; true when it was killed meanwhile, and is torn down then.
    private boolean finish(LiveSandbox sandbox) {
        boolean killed = sandbox.finishCreating();
        if (killed) end.tearDown(sandbox);
        return killed;
    }

    /// A snapshot is written down before it is made, so that none is ever unknown.
    private SnapshotRow begin(LiveSandbox sandbox, String source, Optional<Instant> expires) {
        SandboxRow of = sandbox.row();
        long memoryBytes = of.memoryMib() * MIB;
        long diskBytes = sandbox.vm().usage().diskMib() * MIB;
        SnapshotRow row = new SnapshotRow(
                parts.tokens().resourceId(ID_PREFIX),
                of.id(),
                of.owner(),
                source,
                false,
                of.template(),
                of.vcpus(),
                of.memoryMib(),
                memoryBytes,
                diskBytes,
                0,
                parts.clock().instant(),
                0,
                0,
                expires);
        synchronized (savedLock) {
            requireSpace(of.owner(), (memoryBytes + diskBytes) / MIB);
            parts.snapshots().insert(row); // holds the space from here on
        }
        return row;
    }

    /// @throws PlatformFailure.QuotaExceeded when the tenant's saved machines would take more than they may
    /// @throws PlatformFailure.PermissionDenied when this one alone would
    private void requireSpace(String owner, long mib) {
        long max = parts.tenants().limits(owner).savedMibMax();
        if (max == 0) return;
        if (mib > max) {
            throw new PlatformFailure.PermissionDenied(
                    "snapshot_too_large", "the saved sandbox may take " + mib + " MiB; the snapshots of this account may take " + max);
        }
        long taken = parts.snapshots().bytesOfOwner(owner) / MIB;
        if (taken + mib > max) {
            throw new PlatformFailure.QuotaExceeded(
                    "too_much_saved",
                    "snapshots and paused sandboxes of this account take " + taken + " MiB and may take " + max + ", and this one may need "
                            + mib + ": delete one first",
                    60);
        }
    }

    private static SnapshotTable.Sizes sizes(MicroVm.Saved saved) {
        return new SnapshotTable.Sizes(saved.memoryBytes(), saved.contentBytes(), saved.storedBytes());
    }

    private void requireRoom(LiveSandbox sandbox) {
        List<SnapshotRow> all = parts.snapshots().ofSandbox(sandbox.id());
        if (all.size() >= SNAPSHOTS_MAX) {
            throw new PlatformFailure.QuotaExceeded(
                    "too_many_snapshots", "this sandbox has " + SNAPSHOTS_MAX + " snapshots: delete one first", 1);
        }
        retention.requireRoom(parts.snapshots().count(sandbox.row().owner()));
    }

    static PlatformFailure busy(LiveSandbox sandbox) {
        return new PlatformFailure.Conflict(
                "sandbox_busy", sandbox.id() + " is being paused, saved or ended already; ask again in a moment", 1);
    }

    static String reason(Throwable failure) {
        return failure instanceof PlatformFailure known ? known.code() : "internal";
    }
}
