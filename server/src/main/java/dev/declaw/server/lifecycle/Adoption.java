package dev.declaw.server.lifecycle;

import dev.declaw.model.policy.PolicyException;
import dev.declaw.model.policy.PolicyReader;
import dev.declaw.model.policy.SecurityPolicy;
import dev.declaw.model.sandbox.SandboxState;
import dev.declaw.runtime.MicroVm;
import dev.declaw.runtime.MicroVmHost;
import dev.declaw.server.store.SandboxRow;
import dev.declaw.server.store.SandboxTable;
import dev.declaw.server.volumes.VolumeMounts;
import dev.declaw.server.store.SnapshotRow;
import dev.declaw.server.store.SnapshotTable;
import java.io.UncheckedIOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings store and machine together at the start of a server (L1, L4): a running sandbox whose microVM is still there goes
/// on under the same id with new sockets and a new CA; every other one is recorded as killed; a microVM that nobody knows
/// is removed.
final class Adoption {
    private static final Logger LOG = LoggerFactory.getLogger(Adoption.class);
    private static final String LOST = "lost_on_restart";
    private static final Set<SandboxState> BETWEEN =
            EnumSet.of(SandboxState.PAUSING, SandboxState.PAUSED, SandboxState.RESUMING);
    private static final String FAILED = "adoption_failed";

    private final Sandboxes.Parts parts;
    private final PauseSnapshots pauses;
    private final MicroVmHost host;
    private final SandboxTable table;
    private final EgressSlots slots;
    private final VolumeMounts volumes;
    private final SandboxEnd end;
    private final SandboxAudit audit;
    private final ConcurrentMap<String, LiveSandbox> live;
    private final Places places;
    private final InstantSource clock;

    Adoption(
            Sandboxes.Parts parts,
            PauseSnapshots pauses,
            EgressSlots slots,
            SandboxEnd end,
            SandboxAudit audit,
            ConcurrentMap<String, LiveSandbox> live,
            Places places) {
        this.parts = parts;
        this.pauses = pauses;
        this.host = parts.host();
        this.table = parts.sandboxes();
        this.slots = slots;
        this.volumes = parts.volumes();
        this.end = end;
        this.audit = audit;
        this.live = live;
        this.places = places;
        this.clock = parts.clock();
    }

    void run() {
        Map<String, MicroVm> found = new HashMap<>();
        for (MicroVm vm : host.adopt()) found.put(vm.id().value(), vm);
        settleSnapshots();
        List<Thread> work = new ArrayList<>();
        for (SandboxRow row : table.inStates(EnumSet.complementOf(EnumSet.of(SandboxState.KILLED)))) {
            MicroVm vm = found.remove(row.id());
            work.add(Thread.ofVirtual().name("adopt-" + row.id()).start(() -> settle(row, vm)));
        }
        for (MicroVm stray : found.values()) {
            work.add(Thread.ofVirtual().name("remove-" + stray.id()).start(() -> remove(stray)));
        }
        try {
            for (Thread thread : work) thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void settle(SandboxRow row, MicroVm vm) {
        switch (row.state()) {
            case PAUSED, PAUSING, RESUMING -> {
                if (!settlePaused(row, vm)) settleRunning(parts.sandboxes().find(row.id()).orElse(row), vm);
            }
            default -> settleRunning(row, vm);
        }
    }

    /// A sandbox between running and paused. True when it is paused now; otherwise it is to be treated as a running one.
    private boolean settlePaused(SandboxRow row, MicroVm vm) {
        boolean saved = pauses.newest(row.id()).isPresent();
        if (vm != null && row.state() == SandboxState.PAUSING) {
            parts.transitions().goesOn(row.id(), row.executionId()); // the host has taken the save back
            return false;
        }
        if (vm != null && row.state() == SandboxState.RESUMING) {
            parts.transitions()
                    .resumed(row.id(), row.executionId(), clock.instant(),
                            SandboxCreation.deadline(clock.instant(), row.timeoutSeconds()));
            return false;
        }
        if (!saved) return false;
        if (vm != null) remove(vm);
        switch (row.state()) {
            case PAUSING -> parts.transitions().paused(
                    row.id(), row.executionId(), parts.tokens().executionId(), clock.instant());
            case RESUMING -> parts.transitions().pausedAgain(row.id(), row.executionId());
            default -> {}
        }
        LOG.info("{} is still paused", row.id());
        return true;
    }

    /// Snapshots that nobody saw the end of: the machine knows whether they exist (L3).
    private void settleSnapshots() {
        Set<String> found;
        try {
            found = host.snapshots();
        } catch (UncheckedIOException unreachable) {
            LOG.error("the store of snapshots cannot be asked: what a crash left unfinished stays until the next start", unreachable);
            return;
        }
        Set<String> known = new HashSet<>(parts.templates().artifacts());
        for (SnapshotRow row : parts.snapshots().all()) {
            if (!found.contains(row.id())) {
                LOG.warn("snapshot {} of {} does not exist: {}", row.id(), row.sandboxId(),
                        row.complete() ? "its files are gone" : "it was not finished");
                parts.snapshots().delete(row.id());
            } else if (!row.complete()) {
                parts.snapshots().complete(row.id(), SnapshotTable.Sizes.UNKNOWN, 0);
            }
            known.add(row.id());
            boolean pausing = table.find(row.sandboxId()).map(of -> BETWEEN.contains(of.state())).orElse(false);
            if (row.source().equals(SnapshotRow.PAUSE) && !pausing) pauses.discard(row); // resumed or ended since
        }
        for (String id : found) {
            if (!known.contains(id)) {
                LOG.info("snapshot {} belongs to nobody and is removed", id);
                host.deleteSnapshot(id);
            }
        }
    }

    private void settleRunning(SandboxRow row, MicroVm vm) {
        boolean expired = row.deadline().map(at -> !at.isAfter(clock.instant())).orElse(false);
        if (row.state() == SandboxState.RUNNING && vm != null && !expired) {
            adopt(row, vm);
        } else {
            bury(row, vm, expired ? "timeout" : LOST);
        }
    }

    private void adopt(SandboxRow row, MicroVm vm) {
        LiveSandbox sandbox;
        try {
            sandbox = living(row, vm, policy(row));
        } catch (PolicyException e) {
            LOG.warn("the policy of {} cannot be enforced by this version", row.id());
            bury(row, vm, FAILED);
            return;
        }
        try {
            slots.connect(sandbox, false);
            volumes.resume(row.owner(), row.id(), vm.guest());
            audit.lifecycle(row.id(), "vm_adopted", facts -> {});
            sandbox.finishCreating();
            SandboxCreation.watch(sandbox, end);
            LOG.info("{} was still running and goes on", row.id());
        } catch (RuntimeException e) {
            LOG.warn("{} could not be adopted and is killed", row.id(), e);
            sandbox.finishCreating();
            end.abandon(sandbox, FAILED);
        }
    }

    private void bury(SandboxRow row, MicroVm vm, String reason) {
        LiveSandbox sandbox = living(row, vm, SecurityPolicy.DEFAULT);
        sandbox.finishCreating();
        end.abandon(sandbox, row.endReason().orElse(reason));
        LOG.info("{} did not outlive the restart ({})", row.id(), reason);
    }

    static SecurityPolicy policy(SandboxRow row) {
        return PolicyReader.read(
                        row.security().map(StoredJson::read).orElse(null),
                        row.network().map(StoredJson::read).orElse(null))
                .policy();
    }

    private LiveSandbox living(SandboxRow row, MicroVm vm, SecurityPolicy policy) {
        LiveSandbox sandbox = new LiveSandbox(row, policy, audit);
        if (vm != null) sandbox.attach(vm);
        live.put(row.id(), sandbox);
        places.take();
        return sandbox;
    }

    private static void remove(MicroVm stray) {
        try {
            stray.kill();
            LOG.info("{} belonged to nobody and was removed", stray.id());
        } catch (RuntimeException e) {
            LOG.warn("{} belongs to nobody and could not be removed", stray.id(), e);
        }
    }
}
