package dev.declaw.runtime;

import dev.declaw.linux.HostProcess;
import dev.declaw.linux.SlotSockets;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.guest.GuestClient;
import dev.declaw.runtime.guest.HttpGuestClient;
import dev.declaw.runtime.network.Slot;
import dev.declaw.runtime.vmm.VmmDriver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/// A microVM of this machine. It owns nothing but the list of what has to be released.
final class LocalMicroVm implements MicroVm {
    private static final int BYTES_PER_MIB = 1 << 20;

    private final SandboxId id;
    private final Slot slot;
    private final SandboxDirectory directory;
    private final HostProcess process;
    private final Supplier<VmmDriver> driver;
    private final HttpGuestClient guest;
    private final VmSave save;
    private final Releases releases;
    private final CompletionStage<Void> exited;
    private final Timings timings;
    private final AtomicReference<VmmDriver.Still> still = new AtomicReference<>();

    LocalMicroVm(
            Slot slot,
            SandboxDirectory directory,
            HostProcess process,
            Supplier<VmmDriver> driver,
            HttpGuestClient guest,
            VmSave save,
            Releases releases,
            Timings timings) {
        this.save = save;
        this.id = directory.id();
        this.slot = slot;
        this.directory = directory;
        this.process = process;
        this.driver = driver;
        this.guest = guest;
        this.releases = releases;
        this.timings = timings;
        this.exited = process.exited();
    }

    @Override
    public SandboxId id() {
        return id;
    }

    @Override
    public GuestClient guest() {
        return guest;
    }

    @Override
    public SlotSockets openSockets() {
        return slot.openSockets();
    }

    @Override
    public CompletionStage<Void> exited() {
        return exited;
    }

    @Override
    public void kill() {
        releases.run();
        letGo();
    }

    private void letGo() {
        VmmDriver.Still held = still.getAndSet(null);
        if (held != null) {
            held.close();
        }
    }

    @Override
    public void standStill() {
        try {
            still.set(driver.get().standStill(directory.control(), process));
        } catch (IOException failure) {
            throw new PlatformFailure.InternalFailure("the microVM does not stand still", failure);
        }
    }

    @Override
    public void goOn() {
        VmmDriver.Still held = still.get();
        try {
            if (held != null) {
                held.goOn();
            }
        } catch (IOException failure) {
            throw new PlatformFailure.InternalFailure("the microVM does not go on", failure);
        } finally {
            letGo();
        }
    }

    @Override
    public Timings timings() {
        return timings;
    }

    @Override
    public Saved snapshot(String snapshotId, String tenant) {
        return save.snapshot(snapshotId, tenant);
    }

    @Override
    public Saved pause(String snapshotId, String tenant) {
        return save.pause(snapshotId, tenant);
    }

    @Override
    public void saveDisk(String snapshotId) {
        save.disk(snapshotId);
    }

    /// Takes back a save that nobody saw the end of.
    void settle() throws IOException {
        save.settle();
    }

    @Override
    public Usage usage() {
        long diskBytes;
        try {
            diskBytes = Files.size(directory.disk());
        } catch (IOException gone) {
            diskBytes = 0;
        }
        Slot.Traffic traffic = slot.traffic();
        return new Usage(
                process.cpuSeconds(),
                process.residentMib(),
                diskBytes / BYTES_PER_MIB,
                traffic.toGuestBytes(),
                traffic.fromGuestBytes());
    }

    /// Saves the devices of a machine whose memory is a shared file, and ends the VMM; the files stay.
    void saveAndEnd(Path state) throws IOException {
        guest.close();
        driver.get().saveAndEnd(directory.control(), process, state);
    }

    Path disk() {
        return directory.disk();
    }

    Slot slot() {
        return slot;
    }

    HostProcess process() {
        return process;
    }
}
