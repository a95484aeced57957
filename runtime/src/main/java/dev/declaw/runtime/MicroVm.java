package dev.declaw.runtime;

import dev.declaw.linux.SlotSockets;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.guest.GuestClient;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/// One running microVM with its slot, disk and VMM process. Thread-safe.
public interface MicroVm {
    SandboxId id();

    /// The client of the agent in this guest. The guest is hostile (G1): sizes, times and paths it reports are bounded here.
    GuestClient guest();

    /// Opens a new pair of sockets inside the slot for the egress proxy. The caller closes its copies after handing them
    /// over. May be called again when the proxy has to be given new ones; the old ones must be closed everywhere first.
    SlotSockets openSockets();

    /// Completes when the VMM process has ended, whoever ended it.
    CompletionStage<Void> exited();

    /// Kills the VMM and removes slot, disk and files; returns when all is gone. A second call does nothing.
    void kill();

    /// Saves memory, devices and disk under this id while everything in the guest stands still, and lets it go on.
    ///
    /// @param tenant whose sandbox it is: the snapshot is sealed for this tenant
    /// @throws dev.declaw.model.failure.PlatformFailure when it cannot be saved; the machine goes on then
    Saved snapshot(String snapshotId, String tenant);

    /// As [#snapshot], but the machine stands still from then on: what follows is [#kill]. When it fails, there is no
    /// snapshot and the machine goes on.
    Saved pause(String snapshotId, String tenant);

    /// Saves the disk alone, as it is once everything in the guest stands still, and lets the machine go on. What the guest
    /// has not written back yet (sync(2)) is not part of it. A machine boots from it, see [MicroVmHost#bootDisk].
    ///
    /// @throws dev.declaw.model.failure.PlatformFailure when it cannot be saved; the machine goes on then
    void saveDisk(String snapshotId);

    /// @param memoryBytes memory that is not zero
    /// @param contentBytes that memory, devices and the disk layers: what a copy that shares nothing would take
    /// @param storedBytes what it added to the store; for a pause that is not stored, what its files take here
    /// @param still how long the guest stood still; for a pause, until it could have gone on
    record Saved(long memoryBytes, long contentBytes, long storedBytes, Duration still) {}

    /// Stops its processors: it costs no processor time, and its clocks stand still, until [#goOn]. Nothing in it is told.
    ///
    /// @throws dev.declaw.model.failure.PlatformFailure when the VMM does not do it
    void standStill();

    /// Ends [#standStill]. The guest's clocks go on from where they stood: an `init` sets them right.
    ///
    /// @throws dev.declaw.model.failure.PlatformFailure when the VMM does not do it
    void goOn();

    /// How long the steps of its start took; empty for one that was adopted.
    Timings timings();

    /// What the guest uses of the host right now.
    Usage usage();

    /// @param cpuSeconds processor time of the VMM since its start
    /// @param memoryMib resident memory of the VMM
    /// @param diskMib size of the sandbox's own disk layer
    /// @param receivedBytes what the guest's network device has received since its start
    /// @param sentBytes what it has sent
    record Usage(double cpuSeconds, long memoryMib, long diskMib, long receivedBytes, long sentBytes) {}
}
