package dev.declaw.server.lifecycle;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.policy.PolicyException;
import dev.declaw.model.policy.SecurityPolicy;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.model.sandbox.SandboxState;
import dev.declaw.server.store.SandboxRow;
import dev.declaw.server.store.SnapshotRow;
import dev.declaw.server.store.StoreException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How a sandbox is brought back from one of its snapshots, under its id, as a new run: its way out is opened with its own
/// policy and the guest is identified before anything in it runs. A failure leaves a paused sandbox paused. Thread-safe.
final class SandboxResume {
    private static final Logger LOG = LoggerFactory.getLogger(SandboxResume.class);

    private final Sandboxes.Parts parts;
    private final SandboxAudit audit;
    private final EgressSlots slots;
    private final SandboxEnd end;
    private final PauseSnapshots pauses;
    private final SandboxCreation creation;
    private final ConcurrentMap<String, LiveSandbox> live;
    private final Places places;

    /// Held by whoever brings this sandbox back; others wait for him.
    private final Map<String, Object> locks = new ConcurrentHashMap<>();

    SandboxResume(
            Sandboxes.Parts parts,
            SandboxAudit audit,
            EgressSlots slots,
            SandboxEnd end,
            PauseSnapshots pauses,
            SandboxCreation creation,
            ConcurrentMap<String, LiveSandbox> live,
            Places places) {
        this.parts = parts;
        this.audit = audit;
        this.slots = slots;
        this.end = end;
        this.pauses = pauses;
        this.creation = creation;
        this.live = live;
        this.places = places;
    }

    /// Resumes a paused sandbox; one that somebody else resumes at this moment is waited for.
    ///
    /// @return the snapshot that it was resumed from; empty when somebody else did it
    /// @throws PlatformFailure.NotFound when there is none that it could go on from
    Optional<SnapshotRow> resume(SandboxRow asked) {
        Object lock = locks.computeIfAbsent(asked.id(), _ -> new Object());
        synchronized (lock) {
            try {
                SandboxRow row = parts.sandboxes().find(asked.id()).orElse(asked);
                if (row.state() == SandboxState.RUNNING) return Optional.empty();
                if (row.state() != SandboxState.PAUSED) {
                    throw new PlatformFailure.Conflict(
                            "sandbox_not_paused", row.id() + " is " + row.state().wire() + ", not paused", 1);
                }
                SnapshotRow snapshot = pauses.required(row.id()); // looked up here: it may have been paused anew meanwhile
                bringBack(row, snapshot, Optional.empty(), "vm_resumed");
                return Optional.of(snapshot);
            } finally {
                locks.remove(asked.id(), lock);
            }
        }
    }

    /// Replaces the state of a sandbox, whatever it is, by that of a snapshot.
    void restore(SandboxRow row, SnapshotRow snapshot) {
        Optional<LiveSandbox> running = Optional.empty();
        switch (row.state()) {
            case PAUSED, KILLED -> {}
            case RUNNING -> {
                LiveSandbox sandbox = live.get(row.id());
                if (sandbox == null || !sandbox.beginTransition()) {
                    throw new PlatformFailure.Conflict(
                            "sandbox_busy", row.id() + " is being paused, saved or ended; ask again in a moment", 1);
                }
                running = Optional.of(sandbox);
            }
            default ->
                throw new PlatformFailure.Conflict(
                        "sandbox_busy", row.id() + " is in a transition; ask again in a moment", 1);
        }
        bringBack(row, snapshot, running, "vm_restored");
    }

    /// @param former the run that it takes the place of, of which the caller began a transition
    private void bringBack(SandboxRow row, SnapshotRow snapshot, Optional<LiveSandbox> former, String event) {
        SandboxCreation.Admission admission;
        String replaced = former.map(LiveSandbox::id).orElse("");
        try {
            policy(row);
            admission = creation.admit(row.owner(), row.memoryMib(), replaced);
        } catch (RuntimeException e) {
            former.ifPresent(this::letGo);
            throw e;
        }
        try (admission) {
            LiveSandbox sandbox;
            try {
                sandbox = creation.withinQuota(row.owner(), row.memoryMib(), replaced, () -> register(row, former));
            } catch (RuntimeException e) {
                former.ifPresent(this::letGo);
                throw e;
            }
            admission.keepPlace();
            run(sandbox, row, snapshot, former, event, admission);
        }
    }

    /// The new run among the living. Its policy is that of the row as it is now: it may have been replaced meanwhile.
    private LiveSandbox register(SandboxRow row, Optional<LiveSandbox> former) {
        if (!parts.transitions().resuming(row, parts.tokens().executionId(), parts.clock().instant())) {
            throw new PlatformFailure.Conflict("sandbox_busy", row.id() + " has changed its state meanwhile; ask again", 1);
        }
        SandboxRow now = parts.sandboxes().find(row.id()).orElseThrow();
        LiveSandbox sandbox = new LiveSandbox(now, policy(now), audit);
        former.ifPresent(old -> sandbox.attach(old.vm())); // until it is gone, it is this run's to remove
        live.put(row.id(), sandbox);
        return sandbox;
    }

    private void run(
            LiveSandbox sandbox,
            SandboxRow before,
            SnapshotRow snapshot,
            Optional<LiveSandbox> former,
            String event,
            SandboxCreation.Admission admission) {
        Instant start = parts.clock().instant();
        try {
            former.ifPresent(this::remove);
            sandbox.attach(creation.makingRoom(() -> parts.host().resume(new SandboxId(sandbox.id()), snapshot.id())));
            slots.connect(sandbox, false);
            admission.leaveLine();
            parts.volumes().resume(before.owner(), before.id(), sandbox.guest());
            Instant now = parts.clock().instant();
            audit.lifecycle(sandbox.id(), event, facts -> facts.text("snapshot_id", snapshot.id())
                    .number("millis", Duration.between(start, now).toMillis()));
            Optional<Instant> deadline = SandboxCreation.deadline(now, sandbox.row().timeoutSeconds());
            sandbox.deadline(deadline);
            if (creation.refusing()
                    || !parts.transitions().resumed(sandbox.id(), sandbox.row().executionId(), now, deadline)) {
                throw SandboxCreation.killedMeanwhile(sandbox);
            }
        } catch (RuntimeException | Error e) {
            LOG.warn("{} could not be brought back from {}", sandbox.id(), snapshot.id(), e);
            takeBack(sandbox, before);
            throw e;
        }
        forgetPauses(sandbox.id()); // before anybody may pause it again: what that saves must stay
        if (sandbox.finishCreating()) {
            end.tearDown(sandbox);
            throw SandboxCreation.killedMeanwhile(sandbox);
        }
        SandboxCreation.watch(sandbox, end);
    }

    /// The sandbox runs, whatever becomes of what was saved: the next pause, or the next start, removes what is left.
    private void forgetPauses(String id) {
        try {
            pauses.forget(id);
        } catch (StoreException e) {
            LOG.warn("what the pause of {} saved could not be removed yet", id, e);
        }
    }

    /// The run that is replaced: it ends here without being recorded as an end of the sandbox.
    private void remove(LiveSandbox old) {
        old.leaving(true);
        places.release();
        old.gone().complete(null);
        parts.volumes().end(old.id());
        slots.close(old);
        old.vm().kill();
    }

    /// What was paused is paused again; what was not ends.
    private void takeBack(LiveSandbox sandbox, SandboxRow before) {
        if (before.state() == SandboxState.PAUSED) {
            try {
                sandbox.leaving(true);
                parts.volumes().end(sandbox.id());
                slots.close(sandbox);
                sandbox.attachedVm().ifPresent(vm -> vm.kill());
                if (parts.transitions().pausedAgain(sandbox.id(), sandbox.row().executionId())) {
                    live.remove(sandbox.id(), sandbox);
                    places.release();
                    sandbox.finishCreating();
                    sandbox.gone().complete(null);
                    return;
                }
            } catch (RuntimeException e) {
                LOG.warn("{} cannot be paused again and ends", sandbox.id(), e);
            }
        }
        sandbox.finishCreating();
        end.abandon(sandbox, "restore_failed");
    }

    private void letGo(LiveSandbox sandbox) {
        if (sandbox.finishCreating()) end.tearDown(sandbox);
    }

    private static SecurityPolicy policy(SandboxRow row) {
        try {
            return Adoption.policy(row);
        } catch (PolicyException e) {
            throw new PlatformFailure.Unprocessable(
                    "policy_not_enforceable", "this version cannot enforce the policy of " + row.id() + ": " + e.getMessage());
        }
    }
}
