package dev.declaw.runtime;

import dev.declaw.linux.HostProcess;
import dev.declaw.linux.Tail;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.guest.HttpGuestClient;
import dev.declaw.runtime.network.Slot;
import dev.declaw.runtime.template.BootImage;
import dev.declaw.runtime.template.Template;
import dev.declaw.runtime.template.TemplateStore;
import dev.declaw.runtime.vmm.AcceleratorChoice;
import dev.declaw.runtime.vmm.AcceleratorProbe;
import dev.declaw.runtime.vmm.QemuDriver;
import dev.declaw.runtime.vmm.RunningVmm;
import dev.declaw.runtime.vmm.TimeStampCounter;
import dev.declaw.runtime.vmm.VmSpec;
import dev.declaw.runtime.vmm.VmmDriver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The microVMs of this machine that belong to one state directory. Needs root: namespaces, taps, and a uid per VMM.
public final class LocalMicroVmHost implements MicroVmHost {
    private static final Logger LOG = LoggerFactory.getLogger(LocalMicroVmHost.class);
    private static final Duration KILL_DEADLINE = Duration.ofSeconds(10);
    private static final int BYTES_PER_MIB = 1 << 20;

    private final HostConfig config;
    private final TemplateStore templates;
    private final MemoryBudget memory;
    private final StateLock lock;
    private Machine machine;

    private record Machine(BootImage image, VmmDriver driver, AcceleratorChoice accelerator) {}

    /// @throws IllegalStateException when another server uses the state directory
    public LocalMicroVmHost(HostConfig config) {
        this.config = config;
        this.templates = new TemplateStore(config.templateCache(), config.envdBinary());
        this.memory = new MemoryBudget(config.memoryBudgetMib());
        this.lock = StateLock.take(config.stateDirectory());
    }

    @Override
    public MicroVm boot(SandboxId id, Template template) {
        Releases releases = new Releases();
        try {
            return boot(id, template, machine(line -> LOG.info("{}", line)), releases);
        } catch (IOException | RuntimeException failure) {
            try {
                releases.run();
            } catch (RuntimeException leftover) {
                failure.addSuppressed(leftover);
            }
            switch (failure) {
                case PlatformFailure known -> throw known;
                default -> throw new PlatformFailure.InternalFailure("the microVM could not be started", failure);
            }
        }
    }

    private MicroVm boot(SandboxId id, Template template, Machine on, Releases releases) throws IOException {
        int memoryMib = template.memoryMib() + on.driver().overheadMib();
        memory.take(memoryMib);
        releases.add("memory", () -> memory.giveBack(memoryMib));
        SandboxDirectory directory = SandboxDirectory.of(config.stateDirectory(), id);
        create(directory);
        releases.add("files", directory::delete);
        requireDiskSpace();
        Files.copy(TemplateStore.emptyLayer(template), directory.disk());
        Slot slot = Slot.of(id);
        releases.add("slot", slot::delete);
        slot.create();
        RunningVmm vmm = on.driver().start(new VmSpec(
                on.image(),
                directory.disk(),
                slot.namespace(),
                template.vcpus(),
                template.memoryMib(),
                VmmUser.of(id)));
        releases.add("process", () -> end(vmm.process()));
        HttpGuestClient guest = new HttpGuestClient(slot::openChannel, Slot.GUEST_ADDRESS);
        releases.add("connections", guest::close);
        awaitGuest(vmm.process(), vmm.console(), guest);
        new VmManifest(vmm.process(), memoryMib, template.digest()).write(directory.manifest());
        return new LocalMicroVm(id, slot, directory.disk(), vmm.process(), guest, releases);
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

    private static void end(HostProcess process) {
        if (!process.kill(KILL_DEADLINE)) {
            throw new IllegalStateException("process " + process.pid() + " does not end");
        }
    }

    private void awaitGuest(HostProcess process, Tail console, HttpGuestClient guest) {
        if (!guest.awaitHealthy(config.bootDeadline(), process::alive)) {
            LOG.warn("console of the guest that did not start:\n{}", console.text());
            if (!process.alive()) {
                throw new IllegalStateException("the VMM ended while its guest booted");
            }
            throw new PlatformFailure.DeadlineExceeded(
                    "boot_timeout",
                    "the guest did not answer within " + config.bootDeadline().toSeconds()
                            + " s; the machine may be too busy: try again");
        }
    }

    @Override
    public List<MicroVm> adopt() {
        List<MicroVm> adopted = new ArrayList<>();
        try {
            for (SandboxDirectory directory : SandboxDirectory.list(config.stateDirectory())) {
                Optional<MicroVm> whole = adopt(directory);
                if (whole.isPresent()) {
                    adopted.add(whole.get());
                } else {
                    LOG.info("removing what is left of sandbox {}", directory.id());
                    directory.killProcesses();
                    Slot.of(directory.id()).delete();
                    directory.delete();
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return adopted;
    }

    private Optional<MicroVm> adopt(SandboxDirectory directory) {
        VmManifest manifest;
        try {
            manifest = VmManifest.read(directory.manifest());
        } catch (IOException incomplete) {
            return Optional.empty();
        }
        HostProcess process = manifest.process();
        Slot slot = Slot.of(directory.id());
        // That the process carries the sandbox's disk among its arguments keeps a manifest from another boot of the machine,
        // whose ids may have been given out again, from naming a stranger.
        if (!slot.exists() || !directory.processes().equals(List.of(process))) {
            return Optional.empty();
        }
        Releases releases = new Releases();
        memory.adopt(manifest.memoryMib());
        releases.add("memory", () -> memory.giveBack(manifest.memoryMib()));
        releases.add("files", directory::delete);
        releases.add("slot", slot::delete);
        releases.add("process", () -> end(process));
        HttpGuestClient guest = new HttpGuestClient(slot::openChannel, Slot.GUEST_ADDRESS);
        releases.add("connections", guest::close);
        return Optional.of(new LocalMicroVm(directory.id(), slot, directory.disk(), process, guest, releases));
    }

    @Override
    public Optional<Template> template(String name) {
        try {
            return templates.find(name);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Override
    public void prepareTemplates(Consumer<String> progress) {
        try {
            templates.prepare(progress);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        progress.accept(machine(progress).accelerator().reason());
    }

    /// What guests of this machine run on, and why. Starts a guest to find out, once per boot of the machine.
    public AcceleratorChoice accelerator() {
        return machine(line -> LOG.info("{}", line)).accelerator();
    }

    private synchronized Machine machine(Consumer<String> progress) {
        if (machine == null) {
            try {
                BootImage image = templates.bootImage(progress);
                AcceleratorChoice choice = new AcceleratorProbe(config.templateCache()).choose(image);
                machine = new Machine(
                        image, new QemuDriver(choice.accelerator(), TimeStampCounter.frequencyKhz()), choice);
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }
        return machine;
    }

    @Override
    public void close() {
        lock.close();
    }
}
