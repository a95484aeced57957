package dev.declaw.runtime;

import dev.declaw.linux.ControlGroups;
import dev.declaw.linux.HostProcess;
import dev.declaw.linux.Tail;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.guest.HttpGuestClient;
import dev.declaw.runtime.network.Slot;
import dev.declaw.runtime.snapshot.DiskChain;
import dev.declaw.runtime.snapshot.MachineShape;
import dev.declaw.runtime.storage.QcowLayer;
import dev.declaw.runtime.template.Template;
import dev.declaw.runtime.vmm.RunningVmm;
import dev.declaw.runtime.vmm.VmSpec;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
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
    private final SavedMachines saved;
    private final VmmLimits limits;

    VmStart(HostConfig config, MemoryBudget memory, SavedMachines saved, VmmLimits limits) {
        this.limits = limits;
        this.config = config;
        this.memory = memory;
        this.saved = saved;
    }

    /// A saved machine that cannot go on: it must not be tried again.
    static final class UnusableSnapshotException extends IOException {
        private static final long serialVersionUID = 1L;

        UnusableSnapshotException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /// What a machine starts from.
    ///
    /// @param disk what its own layer will lie on
    /// @param token that its agent has already; empty for one that boots
    private record Origin(MachineShape shape, VmSpec.Start start, DiskChain disk, Optional<String> token) {}

    /// Boots the template's disk.
    ///
    /// @param memoryFile where the guest's memory lies, for a machine that is going to be saved; empty for any other
    LocalMicroVm boot(SandboxId id, Template template, HostMachine on, Optional<Path> memoryFile) throws IOException {
        return boot(id, template, DiskChain.of(template.disk(), "raw"), on, memoryFile);
    }

    /// As above, from another disk.
    LocalMicroVm boot(SandboxId id, Template template, DiskChain disk, HostMachine on, Optional<Path> memoryFile)
            throws IOException {
        return start(
                id,
                on,
                new Origin(MachineShape.of(template), new VmSpec.Boot(on.image(), memoryFile), disk, Optional.empty()));
    }

    /// Lets a copy of a template's saved machine go on.
    ///
    /// @throws UnusableSnapshotException when it cannot
    LocalMicroVm resume(SandboxId id, Template template, HostMachine on, TemplateSnapshot snapshot) throws IOException {
        return start(id, on, origin(template, snapshot));
    }

    private static Origin origin(Template template, TemplateSnapshot snapshot) {
        return new Origin(
                MachineShape.of(template),
                new VmSpec.Resume(snapshot.memory(), snapshot.state()),
                snapshot.manifest().disk(),
                Optional.of(snapshot.manifest().guestToken()));
    }

    /// Lets a copy of a snapshot go on.
    ///
    /// @throws UnusableSnapshotException when it cannot
    LocalMicroVm resume(SandboxId id, HostMachine on, SavedMachines.Saved snapshot) throws IOException {
        return start(id, on, new Origin(
                snapshot.manifest().shape(),
                new VmSpec.Resume(snapshot.memory(), snapshot.state()),
                snapshot.manifest().disk(),
                Optional.of(snapshot.manifest().guestToken())));
    }

    /// Does everything that comes before the machine itself: files, slot, and a VMM that waits for what it goes on with.
    Prepared prepare(SandboxId id, Template template, HostMachine on, TemplateSnapshot snapshot) throws IOException {
        return prepare(id, on, origin(template, snapshot));
    }

    /// A VMM that waits, with all that it holds. It is finished or dropped, once.
    final class Prepared {
        private final SandboxId id;
        private final HostMachine on;
        private final Origin origin;
        private final Releases releases = new Releases();
        private Timings timings = new Timings();
        private SandboxDirectory directory;
        private Slot slot;
        private VmSpec spec;
        private RunningVmm vmm;
        private int memoryMib;

        private Prepared(SandboxId id, HostMachine on, Origin origin) {
            this.id = id;
            this.on = on;
            this.origin = origin;
        }

        SandboxId id() {
            return id;
        }

        boolean alive() {
            return vmm.process().alive();
        }

        /// What was done so far was done in advance, and does not count.
        void inAdvance() {
            timings = new Timings();
        }

        /// Lets the machine go on, or boot, and waits for its agent. When it fails, nothing is left.
        LocalMicroVm finish() throws IOException {
            return undoing(this, () -> VmStart.this.finish(this));
        }

        void drop() {
            releases.run();
        }
    }

    private interface Step<T> {
        T run() throws IOException;
    }

    private static <T> T undoing(Prepared prepared, Step<T> step) throws IOException {
        try {
            return step.run();
        } catch (IOException | RuntimeException failure) {
            try {
                prepared.releases.run();
            } catch (RuntimeException leftover) {
                failure.addSuppressed(leftover);
            }
            throw failure;
        }
    }

    private LocalMicroVm start(SandboxId id, HostMachine on, Origin origin) throws IOException {
        return prepare(id, on, origin).finish();
    }

    private Prepared prepare(SandboxId id, HostMachine on, Origin origin) throws IOException {
        Prepared prepared = new Prepared(id, on, origin);
        return undoing(prepared, () -> prepare(prepared));
    }

    private Prepared prepare(Prepared prepared) throws IOException {
        SandboxId id = prepared.id;
        HostMachine on = prepared.on;
        Origin origin = prepared.origin;
        Releases releases = prepared.releases;
        Timings timings = prepared.timings;
        MachineShape shape = origin.shape();
        int memoryMib = shape.memoryMib() + on.driver().overheadMib();
        memory.take(memoryMib);
        releases.add("memory", () -> memory.giveBack(memoryMib));
        SandboxDirectory directory = SandboxDirectory.of(config.stateDirectory(), id);
        create(directory);
        releases.add("files", directory::delete);
        requireDiskSpace();
        DiskChain disk = origin.disk();
        QcowLayer.create(
                directory.disk(), (long) shape.diskMib() << 20, disk.top(saved.layers()), disk.topFormat());
        timings.mark("files");
        Slot slot = Slot.of(id);
        releases.add("slot", slot::delete);
        slot.create();
        timings.mark("slot");
        VmSpec spec = new VmSpec(
                origin.start(),
                directory.disk(),
                directory.control(),
                slot.namespace(),
                shape.vcpus(),
                shape.memoryMib(),
                VmmUser.of(id));
        ControlGroups.Group group = limits.group(id);
        releases.add("control group", () -> limits.remove(id));
        RunningVmm vmm = on.driver().start(spec);
        releases.add("process", () -> end(vmm.process()));
        limits.apply(group, vmm.process(), shape, memoryMib);
        timings.mark("vmm");
        prepared.directory = directory;
        prepared.slot = slot;
        prepared.spec = spec;
        prepared.vmm = vmm;
        prepared.memoryMib = memoryMib;
        return prepared;
    }

    private LocalMicroVm finish(Prepared prepared) throws IOException {
        HostMachine on = prepared.on;
        Origin origin = prepared.origin;
        Releases releases = prepared.releases;
        Slot slot = prepared.slot;
        RunningVmm vmm = prepared.vmm;
        Timings timings = prepared.timings;
        HttpGuestClient guest = new HttpGuestClient(slot::openChannel, Slot.GUEST_ADDRESS);
        releases.add("connections", guest::close);
        origin.token().ifPresent(guest::authenticate);
        if (origin.start() instanceof VmSpec.Resume) {
            guest.restored();
            awaitResumed(on, prepared.spec, vmm);
            timings.mark("load");
        }
        awaitGuest(origin, vmm, guest);
        timings.mark("agent");
        VmManifest manifest =
                new VmManifest(vmm.process(), prepared.memoryMib, origin.shape(), origin.disk(), Optional.empty());
        manifest.write(prepared.directory.manifest());
        timings.mark("manifest");
        LOG.debug("{} started: {}", prepared.id, timings);
        return machine(slot, prepared.directory, manifest, () -> on, guest, releases, timings);
    }

    /// The object for a machine that runs.
    LocalMicroVm machine(
            Slot slot,
            SandboxDirectory directory,
            VmManifest manifest,
            Supplier<HostMachine> on,
            HttpGuestClient guest,
            Releases releases,
            Timings timings) {
        VmSave save = new VmSave(
                directory,
                manifest.process(),
                () -> on.get().driver(),
                guest,
                saved,
                () -> on.get().snapshotKey(manifest.shape()),
                manifest);
        return new LocalMicroVm(slot, directory, manifest.process(), () -> on.get().driver(), guest, save, releases, timings);
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

    /// A saved machine's agent answered when it was saved: one that takes the connection has come back, and the call that
    /// gives it its identity, which follows, shows the rest.
    private void awaitGuest(Origin origin, RunningVmm vmm, HttpGuestClient guest) {
        HostProcess process = vmm.process();
        Tail console = vmm.console();
        boolean answers = origin.start() instanceof VmSpec.Resume
                ? guest.awaitReachable(config.bootDeadline(), process::alive)
                : guest.awaitHealthy(config.bootDeadline(), process::alive);
        if (!answers) {
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
