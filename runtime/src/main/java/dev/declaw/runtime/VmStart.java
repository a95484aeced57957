package dev.declaw.runtime;

import dev.declaw.linux.HostProcess;
import dev.declaw.linux.Tail;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.guest.HttpGuestClient;
import dev.declaw.runtime.network.Slot;
import dev.declaw.runtime.template.Template;
import dev.declaw.runtime.template.TemplateStore;
import dev.declaw.runtime.vmm.RunningVmm;
import dev.declaw.runtime.vmm.VmSpec;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How a microVM comes to life, whatever it starts from: memory, files, slot, VMM, the agent's first answer, manifest. Each
/// step registers its release before the next; when one fails, nothing is left. Thread-safe.
final class VmStart {
    private static final Logger LOG = LoggerFactory.getLogger(VmStart.class);
    private static final Duration KILL_DEADLINE = Duration.ofSeconds(10);
    private static final int BYTES_PER_MIB = 1 << 20;

    private final HostConfig config;
    private final MemoryBudget memory;

    VmStart(HostConfig config, MemoryBudget memory) {
        this.config = config;
        this.memory = memory;
    }

    /// A saved machine that cannot go on: it must not be tried again.
    static final class UnusableSnapshotException extends IOException {
        private static final long serialVersionUID = 1L;

        UnusableSnapshotException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /// Boots the template's disk.
    ///
    /// @param memoryFile where the guest's memory lies, for a machine that is going to be saved; empty for any other
    LocalMicroVm boot(SandboxId id, Template template, HostMachine on, Optional<Path> memoryFile) throws IOException {
        return start(
                id,
                template,
                on,
                new VmSpec.Boot(on.image(), memoryFile),
                TemplateStore.emptyLayer(template),
                Optional.empty());
    }

    /// Lets a copy of a template's saved machine go on.
    ///
    /// @throws UnusableSnapshotException when it cannot
    LocalMicroVm resume(SandboxId id, Template template, HostMachine on, TemplateSnapshot snapshot) throws IOException {
        return start(
                id,
                template,
                on,
                new VmSpec.Resume(snapshot.memory(), snapshot.state()),
                snapshot.emptyLayer(),
                Optional.of(snapshot.manifest().guestToken()));
    }

    private LocalMicroVm start(
            SandboxId id, Template template, HostMachine on, VmSpec.Start how, Path layer, Optional<String> token)
            throws IOException {
        Releases releases = new Releases();
        try {
            return start(id, template, on, how, layer, token, releases);
        } catch (IOException | RuntimeException failure) {
            try {
                releases.run();
            } catch (RuntimeException leftover) {
                failure.addSuppressed(leftover);
            }
            throw failure;
        }
    }

    private LocalMicroVm start(
            SandboxId id,
            Template template,
            HostMachine on,
            VmSpec.Start how,
            Path layer,
            Optional<String> token,
            Releases releases)
            throws IOException {
        int memoryMib = template.memoryMib() + on.driver().overheadMib();
        memory.take(memoryMib);
        releases.add("memory", () -> memory.giveBack(memoryMib));
        SandboxDirectory directory = SandboxDirectory.of(config.stateDirectory(), id);
        create(directory);
        releases.add("files", directory::delete);
        requireDiskSpace();
        Files.copy(layer, directory.disk());
        Slot slot = Slot.of(id);
        releases.add("slot", slot::delete);
        slot.create();
        VmSpec spec = new VmSpec(
                how,
                directory.disk(),
                directory.control(),
                slot.namespace(),
                template.vcpus(),
                template.memoryMib(),
                VmmUser.of(id));
        RunningVmm vmm = on.driver().start(spec);
        releases.add("process", () -> end(vmm.process()));
        HttpGuestClient guest = new HttpGuestClient(slot::openChannel, Slot.GUEST_ADDRESS);
        releases.add("connections", guest::close);
        token.ifPresent(guest::authenticate);
        if (how instanceof VmSpec.Resume) {
            awaitResumed(on, spec, vmm);
        }
        awaitGuest(vmm.process(), vmm.console(), guest);
        new VmManifest(vmm.process(), memoryMib, template.digest()).write(directory.manifest());
        return new LocalMicroVm(slot, directory, vmm.process(), on::driver, guest, releases);
    }

    private static void create(SandboxDirectory directory) throws IOException {
        try {
            directory.create();
        } catch (FileAlreadyExistsException exists) {
            throw new PlatformFailure.Conflict("sandbox_exists", "there is a sandbox " + directory.id() + " already");
        }
    }

    private void requireDiskSpace() throws IOException {
        long freeMib = Files.getFileStore(config.stateDirectory()).getUsableSpace() / BYTES_PER_MIB;
        if (freeMib < config.diskReserveMib()) {
            throw new PlatformFailure.NoCapacity(
                    "no_disk",
                    "only " + freeMib + " MiB of disk are free, and " + config.diskReserveMib()
                            + " MiB must stay free; kill sandboxes or free some space");
        }
    }

    static void end(HostProcess process) {
        if (!process.kill(KILL_DEADLINE)) {
            throw new IllegalStateException("process " + process.pid() + " does not end");
        }
    }

    private static void awaitResumed(HostMachine on, VmSpec spec, RunningVmm vmm) throws IOException {
        try {
            on.driver().awaitResumed(spec, vmm.process());
        } catch (IOException failure) {
            LOG.warn("the VMM could not go on with a saved machine: {}\n{}", failure.getMessage(), vmm.console().text());
            throw new UnusableSnapshotException("the saved machine cannot go on: " + failure.getMessage(), failure);
        }
    }

    private void awaitGuest(HostProcess process, Tail console, HttpGuestClient guest) {
        if (!guest.awaitHealthy(config.bootDeadline(), process::alive)) {
            LOG.warn("console of the guest that did not start:\n{}", console.text());
            if (!process.alive()) {
                throw new IllegalStateException("the VMM ended while its guest started");
            }
            throw new PlatformFailure.DeadlineExceeded(
                    "boot_timeout",
                    "the guest did not answer within " + config.bootDeadline().toSeconds()
                            + " s; the machine may be too busy: try again");
        }
    }
}
