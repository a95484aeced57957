package dev.declaw.runtime;

import dev.declaw.linux.HostProcess;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.guest.HttpGuestClient;
import dev.declaw.runtime.network.Slot;
import dev.declaw.runtime.snapshot.DiskChain;
import dev.declaw.runtime.storage.DiskLayers;
import dev.declaw.runtime.storage.LocalArtifacts;
import dev.declaw.runtime.template.BootImage;
import dev.declaw.runtime.template.Template;
import dev.declaw.runtime.template.TemplateStore;
import dev.declaw.runtime.vmm.AcceleratorChoice;
import dev.declaw.runtime.vmm.AcceleratorProbe;
import dev.declaw.runtime.vmm.QemuDriver;
import dev.declaw.runtime.vmm.TimeStampCounter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The microVMs of this machine that belong to one state directory. Needs root: namespaces, taps, and a uid per VMM.
public final class LocalMicroVmHost implements MicroVmHost {
    private static final Logger LOG = LoggerFactory.getLogger(LocalMicroVmHost.class);

    private final HostConfig config;
    private final TemplateStore templates;
    private final MemoryBudget memory;
    private final StateLock lock;
    private final SavedMachines saved;
    private final VmmLimits limits = VmmLimits.ofThisMachine();
    private final VmStart start;
    private final TemplateSnapshots snapshots;
    private final PrestartedVmms prestarted;
    private final Renewal renewal = new Renewal(this::renew);
    private HostMachine machine;

    /// With a store of snapshots below the state directory.
    ///
    /// @throws IllegalStateException when another server uses the state directory
    public static LocalMicroVmHost withOwnStore(HostConfig config) throws IOException {
        return new LocalMicroVmHost(config, SnapshotStore.below(config.stateDirectory()));
    }

    /// @throws IllegalStateException when another server uses the state directory
    public LocalMicroVmHost(HostConfig config, SnapshotStore store) throws IOException {
        this.config = config;
        this.templates = new TemplateStore(config.templateCache(), config.envdBinary());
        this.memory = new MemoryBudget(config.memoryBudgetMib());
        this.lock = StateLock.take(config.stateDirectory());
        this.saved = new SavedMachines(
                config.stateDirectory(),
                new LocalArtifacts(config.stateDirectory().resolve("snapshots")),
                new DiskLayers(config.stateDirectory().resolve("layers")),
                store);
        this.start = new VmStart(config, memory, saved, limits);
        this.snapshots = new TemplateSnapshots(templates);
        this.prestarted = new PrestartedVmms(config.prestartedVmms(), this::prestart);
    }

    @Override
    public SandboxId reserve(Template template) {
        return prestarted.reserve(template).orElseGet(snapshots::newId);
    }

    @Override
    public void release(SandboxId id) {
        prestarted.drop(id);
    }

    private Optional<VmStart.Prepared> prestart(Template template) throws IOException {
        if (template.saved().isPresent()) {
            return Optional.empty();
        }
        HostMachine on = machine(line -> LOG.info("{}", line));
        Optional<TemplateSnapshot> snapshot = snapshots.find(template, on.image(), on.key(template));
        return snapshot.isEmpty()
                ? Optional.empty()
                : Optional.of(start.prepare(snapshots.newId(), template, on, snapshot.get()));
    }

    /// VMMs that wait are worth less than a machine that somebody asked for.
    private MicroVm makingRoom(Start start) {
        while (true) {
            try {
                return start.run();
            } catch (PlatformFailure.NoCapacity full) {
                if (!full.code().equals("no_memory") || !prestarted.giveUpOne()) {
                    throw full;
                }
            } catch (PlatformFailure known) {
                throw known;
            } catch (IOException | RuntimeException failure) {
                throw new PlatformFailure.InternalFailure("the microVM could not be started", failure);
            }
        }
    }

    @FunctionalInterface
    private interface Start {
        MicroVm run() throws IOException;
    }

    @Override
    public MicroVm boot(SandboxId id, Template template) {
        return makingRoom(() -> startFrom(id, template));
    }

    private MicroVm startFrom(SandboxId id, Template template) throws IOException {
        Optional<VmStart.Prepared> waiting = prestarted.take(id);
        if (waiting.isPresent()) {
            waiting.get().inAdvance();
            try {
                return waiting.get().finish();
            } catch (VmStart.UnusableSnapshotException unusable) {
                LOG.warn("a VMM that was started in advance cannot go on: {}", unusable.getMessage()); // nothing of it is left
            }
        }
        HostMachine on = machine(line -> LOG.info("{}", line));
        if (template.saved().isPresent()) {
            return bootSaved(id, template, on);
        }
        Optional<TemplateSnapshot> snapshot = snapshots.find(template, on.image(), on.key(template));
        if (snapshot.isPresent()) {
            try {
                return start.resume(id, template, on, snapshot.get());
            } catch (VmStart.UnusableSnapshotException unusable) {
                snapshots.retire(snapshot.get().directory(), unusable.getMessage());
            }
        }
        LOG.warn("template {} has no saved machine for this host: {} boots its kernel, which takes seconds",
                template.name(), id);
        renewal.request(template.name());
        return start.boot(id, template, on, Optional.empty());
    }

    /// Goes on from the saved machine of a template that was built on this host, or boots its disk where that cannot be.
    private MicroVm bootSaved(SandboxId id, Template template, HostMachine on) throws IOException {
        String saving = template.saved().orElseThrow();
        try (SavedMachines.Saved snapshot = saved.open(saving, manifest -> on.snapshotKey(manifest.shape()))) {
            return start.resume(id, on, snapshot);
        } catch (PlatformFailure.Unprocessable | VmStart.UnusableSnapshotException refused) {
            LOG.warn("{} boots its kernel, because the saved machine of template {} cannot go on: {}",
                    id, template.name(), refused.getMessage());
        }
        try (SavedMachines.Saved disk = saved.openDisk(saving)) {
            return start.boot(id, template, disk.manifest().disk(), on, Optional.empty());
        }
    }

    @Override
    public MicroVm bootDisk(SandboxId id, Template template) {
        try {
            HostMachine on = machine(line -> LOG.info("{}", line));
            if (template.saved().isEmpty()) {
                return start.boot(id, template, savedDisk(template, on), on, Optional.empty());
            }
            try (SavedMachines.Saved disk = saved.openDisk(template.saved().get())) {
                return start.boot(id, template, disk.manifest().disk(), on, Optional.empty());
            }
        } catch (PlatformFailure known) {
            throw known;
        } catch (IOException | RuntimeException failure) {
            throw new PlatformFailure.InternalFailure("the microVM could not be started", failure);
        }
    }

    /// The disk of a template's saved machine. What is kept of it later lies on a file that is never made anew under the same
    /// name; the template's image is, after its cache was emptied.
    private DiskChain savedDisk(Template template, HostMachine on) throws IOException {
        Template own = templates.find(template.name()).orElseThrow(() -> new PlatformFailure.Conflict(
                "template_not_ready", "the template '" + template.name() + "' is not built on this server"));
        prepare(own, line -> LOG.info("{}", line));
        return snapshots.find(own, on.image(), on.key(own))
                .orElseThrow(() -> new IOException("the saved machine of template " + own.name() + " is gone again"))
                .manifest()
                .disk();
    }

    @Override
    public boolean usable(Template template) {
        if (template.saved().isEmpty()) {
            return true;
        }
        try (SavedMachines.Saved _ = saved.openDisk(template.saved().get())) {
            return true;
        } catch (PlatformFailure.NotFound | PlatformFailure.Unprocessable unusable) {
            LOG.warn("template {} cannot be used any more: {}", template.name(), unusable.getMessage());
            return false;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Override
    public MicroVm resume(SandboxId id, String snapshotId) {
        return makingRoom(() -> {
            HostMachine on = machine(line -> LOG.info("{}", line));
            try (SavedMachines.Saved snapshot =
                    saved.open(snapshotId, manifest -> on.snapshotKey(manifest.shape()))) {
                return start.resume(id, on, snapshot);
            } catch (VmStart.UnusableSnapshotException refused) {
                throw SavedMachines.unusable(snapshotId, refused.getMessage());
            }
        });
    }

    @Override
    public Memory memory() {
        return memory.state();
    }

    @Override
    public Set<String> snapshots() {
        try {
            return saved.ids();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Override
    public Optional<StoredSnapshot> snapshot(String snapshotId) {
        try {
            return saved.describe(snapshotId).map(StoredSnapshot::of);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Override
    public void deleteSnapshot(String snapshotId) {
        try {
            saved.delete(snapshotId);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Makes the saved machine of a template when there is none that can be used.
    private void prepare(Template template, Consumer<String> progress) throws IOException {
        HostMachine on = machine(progress);
        snapshots.prepare(
                template,
                on.image(),
                on.key(template),
                memory -> start.boot(snapshots.newId(), template, on, Optional.of(memory)),
                progress);
    }

    private void renew(String name) {
        try {
            Optional<Template> template = templates.find(name);
            if (template.isPresent()) {
                prepare(template.get(), line -> LOG.info("{}", line));
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Override
    public List<MicroVm> adopt() {
        List<MicroVm> adopted = new ArrayList<>();
        try {
            for (SandboxDirectory directory : SandboxDirectory.list(config.stateDirectory())) {
                Optional<LocalMicroVm> whole = adopt(directory);
                if (whole.isPresent()) {
                    adopted.add(whole.get());
                } else {
                    LOG.info("removing what is left of sandbox {}", directory.id());
                    directory.killProcesses();
                    limits.remove(directory.id());
                    Slot.of(directory.id()).delete();
                    directory.delete();
                }
            }
            saved.sweep();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return adopted;
    }

    private Optional<LocalMicroVm> adopt(SandboxDirectory directory) throws IOException {
        VmManifest manifest = directory.readManifest().orElse(null);
        if (manifest == null || isPaused(manifest)) {
            return Optional.empty();
        }
        HostProcess process = manifest.process();
        Slot slot = Slot.of(directory.id());
        // That the process carries the sandbox's disk among its arguments, or runs as the sandbox's user, keeps a manifest from
        // another boot of the machine, whose ids may have been given out again, from naming a stranger. Other programs of this
        // host that name the disk, an operator's qemu-img for example, say nothing about it.
        if (!slot.exists() || !directory.processes().contains(process) && !process.runsAs(VmmUser.of(directory.id()))) {
            return Optional.empty();
        }
        directory.killOthers(process);
        Releases releases = new Releases();
        memory.adopt(manifest.memoryMib());
        releases.add("memory", () -> memory.giveBack(manifest.memoryMib()));
        releases.add("files", directory::delete);
        releases.add("slot", slot::delete);
        releases.add("control group", () -> limits.remove(directory.id()));
        releases.add("process", () -> VmStart.end(process));
        HttpGuestClient guest = new HttpGuestClient(slot::openChannel, Slot.GUEST_ADDRESS);
        releases.add("connections", guest::close);
        LocalMicroVm vm = start.machine(
                slot, directory, manifest, () -> machine(line -> LOG.info("{}", line)), guest, releases, new Timings());
        try {
            vm.settle();
            return Optional.of(vm);
        } catch (IOException | RuntimeException failure) {
            LOG.warn("a save of {} that did not end cannot be taken back", directory.id(), failure);
            releases.run();
            return Optional.empty();
        }
    }

    /// Its last save was a pause that came to its end, but for the machine's.
    private boolean isPaused(VmManifest manifest) throws IOException {
        if (manifest.saving().isEmpty()) {
            return false;
        }
        Optional<Path> snapshot = saved.artifacts().open(manifest.saving().get().snapshot());
        return snapshot.isPresent() && !manifest.disk().layers().containsKey(manifest.saving().get().layer());
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
            for (String name : templates.names()) {
                prepare(templates.find(name).orElseThrow(), progress);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        progress.accept(machine(progress).accelerator().reason());
    }

    /// What guests of this machine run on, and why. Starts a guest to find out, once per boot of the machine.
    public AcceleratorChoice accelerator() {
        return machine(line -> LOG.info("{}", line)).accelerator();
    }

    private synchronized HostMachine machine(Consumer<String> progress) {
        if (machine == null) {
            try {
                BootImage image = templates.bootImage(progress);
                AcceleratorChoice choice = new AcceleratorProbe(config.templateCache()).choose(image);
                machine = new HostMachine(
                        image, new QemuDriver(choice.accelerator(), TimeStampCounter.frequencyKhz()), choice);
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }
        return machine;
    }

    @Override
    public void close() {
        prestarted.close();
        renewal.close();
        saved.close();
        lock.close();
    }
}
