package dev.declaw.server.lifecycle;

import dev.declaw.model.audit.AuditUnavailableException;
import dev.declaw.server.store.SandboxTable;
import dev.declaw.server.store.StoreException;
import dev.declaw.server.volumes.VolumeMounts;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.ConcurrentMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How sandboxes end, whatever the reason: the state is won by compare-and-set, then everything is released, and only when
/// nothing is left the sandbox is `KILLED`. A step that fails leaves it in `KILLING`; [Reaper] tries again. Thread-safe.
final class SandboxEnd {
    private static final Logger LOG = LoggerFactory.getLogger(SandboxEnd.class);
    private static final int RETRY_SECONDS = 5;
    private static final String TIMEOUT = "timeout";

    private final SandboxTable table;
    private final EgressSlots slots;
    private final VolumeMounts volumes;
    private final SandboxAudit audit;
    private final ConcurrentMap<String, LiveSandbox> live;
    private final Places places;
    private final InstantSource clock;
    private final PauseSnapshots pauses;

    SandboxEnd(
            SandboxTable table,
            EgressSlots slots,
            VolumeMounts volumes,
            SandboxAudit audit,
            ConcurrentMap<String, LiveSandbox> live,
            Places places,
            InstantSource clock,
            PauseSnapshots pauses) {
        this.table = table;
        this.slots = slots;
        this.volumes = volumes;
        this.audit = audit;
        this.live = live;
        this.places = places;
        this.clock = clock;
        this.pauses = pauses;
    }

    /// Decides that a sandbox ends. True for the one caller whose reason counts; that caller goes on with [#tearDown].
    boolean decide(LiveSandbox sandbox, String reason) {
        if (!table.killing(sandbox.id(), sandbox.row().executionId(), reason)) return false;
        sandbox.ends(reason);
        return true;
    }

    /// As [#decide], but only when its deadline has really passed.
    boolean decideExpired(LiveSandbox sandbox, Instant now) {
        if (!table.expiring(sandbox.id(), sandbox.row().executionId(), TIMEOUT, now)) return false;
        sandbox.ends(TIMEOUT);
        return true;
    }

    /// Releases everything of a sandbox in KILLING and returns when nothing is left, or at once when somebody else does it
    /// or its creator still has it. Never throws: what fails is tried again later.
    void tearDown(LiveSandbox sandbox) {
        String reason = sandbox.endReason().orElse("killed");
        if (!sandbox.takeTeardown()) return;
        try {
            volumes.end(sandbox.id());
            closeEgress(sandbox);
            sandbox.attachedVm().ifPresent(vm -> vm.kill());
            recordEnd(sandbox, reason);
            if (newest(sandbox)) pauses.forget(sandbox.id());
        } catch (RuntimeException e) {
            LOG.warn("{} could not be removed completely; trying again in {} s", sandbox.id(), RETRY_SECONDS, e);
            sandbox.retryAfter(clock.instant().plusSeconds(RETRY_SECONDS));
            sandbox.releaseTeardown();
            return;
        }
        live.remove(sandbox.id(), sandbox);
        places.release();
        try {
            audit.lifecycle(sandbox.id(), "vm_killed", facts -> facts.text("detail", reason));
        } catch (AuditUnavailableException e) {
            LOG.error("the end of {} ({}) could not be recorded", sandbox.id(), reason, e);
        }
        sandbox.gone().complete(null);
    }

    /// Ends a sandbox for certain: when the state cannot be written now, the resources are released all the same and
    /// [Reaper] brings the store in line later. Does nothing more than [#tearDown] for one that is ending already.
    void abandon(LiveSandbox sandbox, String reason) {
        try {
            decide(sandbox, reason);
        } catch (StoreException e) {
            LOG.warn("the end of {} ({}) could not be stored yet", sandbox.id(), reason, e);
        }
        if (sandbox.endReason().isEmpty()) sandbox.ends(reason);
        tearDown(sandbox);
    }

    /// Whether this is the last run of the sandbox: what belongs to a later one, or to a pause behind this one, stays.
    private boolean newest(LiveSandbox sandbox) {
        return table.find(sandbox.id())
                .map(row -> row.executionId().equals(sandbox.row().executionId()))
                .orElse(true);
    }

    private void recordEnd(LiveSandbox sandbox, String reason) {
        String execution = sandbox.row().executionId();
        if (table.killed(sandbox.id(), execution, clock.instant())) return;
        table.killing(sandbox.id(), execution, reason); // abandoned while the store could not be written
        table.killed(sandbox.id(), execution, clock.instant());
    }

    void tearDownLater(LiveSandbox sandbox) {
        Thread.ofVirtual().name("teardown-" + sandbox.id()).start(() -> tearDown(sandbox));
    }

    /// A proxy that cannot be told is no reason to keep the microVM: with the VM the slot goes too, and nothing leaves it.
    private void closeEgress(LiveSandbox sandbox) {
        try {
            slots.close(sandbox);
        } catch (RuntimeException e) {
            LOG.warn("the egress proxy could not be told that {} ends: {}", sandbox.id(), e.getMessage());
        }
    }
}
