package dev.declaw.runtime;

import dev.declaw.linux.HostProcess;
import dev.declaw.linux.SlotSockets;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.guest.GuestClient;
import dev.declaw.runtime.network.Slot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletionStage;

/// A microVM of this machine. It owns nothing but the list of what has to be released.
final class LocalMicroVm implements MicroVm {
    private static final int BYTES_PER_MIB = 1 << 20;

    private final SandboxId id;
    private final Slot slot;
    private final Path disk;
    private final HostProcess process;
    private final GuestClient guest;
    private final Releases releases;
    private final CompletionStage<Void> exited;

    LocalMicroVm(SandboxId id, Slot slot, Path disk, HostProcess process, GuestClient guest, Releases releases) {
        this.id = id;
        this.slot = slot;
        this.disk = disk;
        this.process = process;
        this.guest = guest;
        this.releases = releases;
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
    }

    @Override
    public Usage usage() {
        long diskBytes;
        try {
            diskBytes = Files.size(disk);
        } catch (IOException gone) {
            diskBytes = 0;
        }
        return new Usage(process.cpuSeconds(), process.residentMib(), diskBytes / BYTES_PER_MIB);
    }

    Slot slot() {
        return slot;
    }

    HostProcess process() {
        return process;
    }
}
