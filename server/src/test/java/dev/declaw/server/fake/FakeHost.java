package dev.declaw.server.fake;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.MicroVm;
import dev.declaw.runtime.MicroVmHost;
import dev.declaw.runtime.StoredSnapshot;
import dev.declaw.runtime.template.Template;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// A machine in memory: what is in `vms` exists, as processes, slots and disks would. Survives the server that uses it.
public final class FakeHost implements MicroVmHost {
    public final Map<SandboxId, FakeVm> vms = new ConcurrentHashMap<>();
    public volatile Predicate<SandboxId> failBoot = id -> false;
    public volatile Predicate<SandboxId> failSockets = id -> false;

    /// Snapshots that are complete.
    public final Map<String, FakeGuest> saved = new ConcurrentHashMap<>();

    /// Snapshots that another server put into the store.
    public final Map<String, StoredSnapshot> foreign = new ConcurrentHashMap<>();

    public volatile Predicate<SandboxId> failSave = id -> false;
    public volatile Predicate<SandboxId> failResume = id -> false;

    /// Runs inside each removal of a snapshot.
    public volatile Consumer<String> deleting = snapshot -> {};

    public volatile boolean templateBuilt = true;
    public volatile String digest = "00";

    /// Runs inside each boot, before the guest answers.
    public volatile Consumer<FakeVm> booting = vm -> {};

    @Override
    public MicroVm boot(SandboxId id, Template template) {
        FakeVm vm = new FakeVm(id, this);
        if (vms.putIfAbsent(id, vm) != null) throw new IllegalStateException("this id is in use");
        try {
            booting.accept(vm);
            if (failBoot.test(id)) throw noMemory();
            return vm;
        } catch (RuntimeException e) {
            vms.remove(id);
            throw e;
        }
    }

    private static PlatformFailure noMemory() {
        return new PlatformFailure.NoCapacity("no_memory", "there is no memory for a microVM");
    }

    @Override
    public boolean usable(Template template) {
        return template.saved().map(saved::containsKey).orElse(true);
    }

    @Override
    public MicroVm bootDisk(SandboxId id, Template template) {
        if (!usable(template)) throw new PlatformFailure.NotFound("snapshot_not_found", "there is no such snapshot");
        return boot(id, template);
    }

    @Override
    public MicroVm resume(SandboxId id, String snapshotId) {
        FakeGuest guest = saved.get(snapshotId);
        if (guest == null) throw new PlatformFailure.NotFound("snapshot_not_found", "there is no such snapshot");
        if (failResume.test(id)) throw new PlatformFailure.Unprocessable("snapshot_unusable", "it is damaged: memory is missing");
        if (scarce.getAsBoolean()) throw noMemory();
        FakeVm vm = new FakeVm(id, this, guest.copy());
        if (vms.putIfAbsent(id, vm) != null) throw new IllegalStateException("this id is in use");
        return vm;
    }

    /// Whether there is no memory for another microVM that is brought back.
    public volatile BooleanSupplier scarce = () -> false;

    public volatile Memory memory = new Memory(65536, 0);

    @Override
    public SandboxId reserve(Template template) {
        return new dev.declaw.server.auth.RandomTokens().sandboxId();
    }

    @Override
    public void release(SandboxId id) {}

    @Override
    public Memory memory() {
        return memory;
    }

    @Override
    public Set<String> snapshots() {
        return Set.copyOf(saved.keySet());
    }

    @Override
    public Optional<StoredSnapshot> snapshot(String snapshotId) {
        return Optional.ofNullable(foreign.get(snapshotId));
    }

    @Override
    public void deleteSnapshot(String snapshotId) {
        deleting.accept(snapshotId);
        saved.remove(snapshotId);
    }

    public FakeVm vm(String id) {
        return vms.get(new SandboxId(id));
    }

    @Override
    public List<MicroVm> adopt() {
        vms.values().removeIf(vm -> vm.exited().toCompletableFuture().isDone());
        return List.copyOf(vms.values());
    }

    @Override
    public Optional<Template> template(String name) {
        return name.equals("base") && templateBuilt
                ? Optional.of(new Template("base", digest, Path.of("/disk"), 2, 512, 2048))
                : Optional.empty();
    }

    @Override
    public void prepareTemplates(Consumer<String> progress) {}

    @Override
    public void close() {}
}
