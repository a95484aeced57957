package dev.declaw.runtime;

import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import dev.declaw.linux.HostProcess;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.HttpGuestClient;
import dev.declaw.runtime.snapshot.DiskChain;
import dev.declaw.runtime.snapshot.HostKey;
import dev.declaw.runtime.snapshot.SnapshotManifest;
import dev.declaw.runtime.storage.Part;
import dev.declaw.runtime.storage.QcowLayer;
import dev.declaw.runtime.vmm.SaveSpec;
import dev.declaw.runtime.vmm.VmmDriver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Saves one running machine: everything in the guest stands still, the VMM stops, memory and devices go to files, the
/// machine's disk layer is frozen. Then the machine ends, or goes on with a new layer. Until the manifest is written, every
/// failure lets the machine go on as if nothing had been asked. One save at a time.
final class VmSave {
    private static final Logger LOG = LoggerFactory.getLogger(VmSave.class);
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int LAYER_ID_BYTES = 8;

    /// Layers under a machine: each costs a look on the way down, and file descriptors.
    private static final int LAYERS_MAX = 48;

    /// A pause merges layers when there are so many.
    private static final int LAYERS_MERGED = 16;

    private static final Duration MERGE_DEADLINE = Duration.ofMinutes(5);

    private final SandboxDirectory directory;
    private final HostProcess process;
    private final Supplier<VmmDriver> driver;
    private final HttpGuestClient guest;
    private final SavedMachines saved;
    private final Supplier<HostKey> key;
    private VmManifest manifest;

    /// @param key what the machine depends on here
    /// @param manifest as it is on the disk
    VmSave(
            SandboxDirectory directory,
            HostProcess process,
            Supplier<VmmDriver> driver,
            HttpGuestClient guest,
            SavedMachines saved,
            Supplier<HostKey> key,
            VmManifest manifest) {
        this.directory = directory;
        this.process = process;
        this.driver = driver;
        this.guest = guest;
        this.saved = saved;
        this.key = key;
        this.manifest = manifest;
    }

    /// Saves and lets the machine go on.
    synchronized MicroVm.Saved snapshot(String id, String tenant) {
        if (manifest.disk().layers().size() >= LAYERS_MAX) {
            throw new PlatformFailure.Conflict(
                    "snapshot_chain_full",
                    "the disk of this sandbox has " + LAYERS_MAX
                            + " layers, one for each snapshot; pause and resume it once, which merges them");
        }
        return save(id, tenant, Extent.MACHINE);
    }

    /// Saves the disk alone and lets the machine go on.
    synchronized void disk(String id) {
        if (manifest.disk().layers().size() >= LAYERS_MAX) {
            throw new PlatformFailure.Conflict(
                    "snapshot_chain_full", "the disk of this machine has " + LAYERS_MAX + " layers, the most there may be");
        }
        save(id, "", Extent.DISK);
    }

    /// Saves and leaves the machine standing still: what follows is its end.
    synchronized MicroVm.Saved pause(String id, String tenant) {
        return save(id, tenant, Extent.LAST);
    }

    /// What a save takes.
    private enum Extent {
        /// Memory, devices and disk of a machine that goes on.
        MACHINE,
        /// The same of one that ends.
        LAST,
        /// The disk of a machine that goes on.
        DISK
    }

    private MicroVm.Saved save(String id, String tenant, Extent extent) {
        VmManifest.Saving saving = new VmManifest.Saving(id, newLayer());
        saved.beginNaming();
        try {
            settle(); // of a save before, which may have failed while the VMM did not answer
            Path parts = saved.artifacts().begin(id);
            try {
                note(manifest.with(Optional.of(saving)));
                return save(saving, tenant, parts, extent);
            } catch (IOException | RuntimeException failure) {
                undo(id, failure);
                throw failure;
            }
        } catch (PlatformFailure known) {
            throw known;
        } catch (IOException | RuntimeException failure) {
            throw new PlatformFailure.InternalFailure("the sandbox could not be saved", failure);
        } finally {
            saved.endNaming();
        }
    }

    private MicroVm.Saved save(VmManifest.Saving saving, String tenant, Path parts, Extent extent)
            throws IOException {
        boolean goOn = extent != Extent.LAST;
        Optional<SaveSpec.Layer> next = goOn ? Optional.of(nextLayer(saving)) : Optional.empty();
        String token = guest.token()
                .orElseThrow(() -> new PlatformFailure.Conflict("not_initialised", "the guest has no identity yet"));
        guest.freeze();
        long frozen = System.nanoTime();
        long memoryBytes = 0;
        if (extent == Extent.DISK) {
            driver.get().switchLayer(directory.control(), process, next.orElseThrow());
        } else {
            memoryBytes = saveMemory(parts, next);
        }
        if (goOn) {
            driver.get().goOn(directory.control(), process);
            guest.thaw();
        }
        Duration still = Duration.ofNanos(System.nanoTime() - frozen);
        freezeLayer(saving.layer(), goOn);
        DiskChain disk = manifest.disk().plus(saving.layer(), Part.of(saved.layers().path(saving.layer())));
        if (goOn) {
            note(manifest.with(disk));
        } else if (disk.layers().size() >= LAYERS_MERGED) {
            disk = merged(disk);
        }
        Map<String, Part> files = new TreeMap<>();
        if (extent != Extent.DISK) {
            for (String part : List.of(TemplateSnapshot.MEMORY, TemplateSnapshot.STATE)) {
                files.put(part, Part.of(parts.resolve(part)));
            }
        }
        new SnapshotManifest(
                        saving.snapshot(),
                        new SnapshotManifest.Source(tenant, directory.id().value()),
                        Instant.now(),
                        key.get(),
                        manifest.shape(),
                        token,
                        files,
                        disk)
                .write(parts);
        long storedBytes = saved.complete(saving.snapshot(), extent == Extent.LAST);
        if (goOn) {
            note(manifest.with(Optional.empty()));
        }
        long contentBytes = memoryBytes
                + (extent == Extent.DISK ? 0 : files.get(TemplateSnapshot.STATE).bytes())
                + disk.layers().values().stream().mapToLong(Part::bytes).sum();
        return new MicroVm.Saved(memoryBytes, contentBytes, storedBytes, still);
    }

    private long saveMemory(Path parts, Optional<SaveSpec.Layer> next) throws IOException {
        Path memory = Files.createFile(parts.resolve(TemplateSnapshot.MEMORY));
        Path state = Files.createFile(parts.resolve(TemplateSnapshot.STATE));
        return driver.get()
                .save(directory.control(), process, new SaveSpec(memory, state, manifest.shape().memoryMib(), next));
    }

    private SaveSpec.Layer nextLayer(VmManifest.Saving saving) throws IOException {
        Files.deleteIfExists(directory.nextDisk());
        QcowLayer.create(
                directory.nextDisk(),
                (long) manifest.shape().diskMib() << 20,
                saved.layers().path(saving.layer()),
                DiskChain.LAYER_FORMAT);
        return new SaveSpec.Layer(saving.layer(), directory.nextDisk());
    }

    private void freezeLayer(String layer, boolean goOn) throws IOException {
        if (goOn) {
            saved.layers().takeCopy(layer, directory.disk()); // the VMM can still write to the original
            Files.move(directory.nextDisk(), directory.disk(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } else {
            saved.layers().take(layer, directory.disk());
        }
    }

    /// One layer with what all of them hold.
    private DiskChain merged(DiskChain disk) throws IOException {
        disk.requireOwn(saved.layers());
        String id = newLayer();
        Path copy = directory.nextDisk();
        Files.deleteIfExists(copy);
        Files.copy(disk.top(saved.layers()), copy);
        Exec.run(Command.of(
                        "qemu-img", "rebase", "-q", "-f", DiskChain.LAYER_FORMAT, "-F", disk.baseFormat(), "-b",
                        disk.base(), copy.toString())
                .withDeadline(MERGE_DEADLINE));
        saved.layers().take(id, copy);
        return DiskChain.of(Path.of(disk.base()), disk.baseFormat()).plus(id, Part.of(saved.layers().path(id)));
    }

    private void undo(String id, Exception failure) {
        try {
            saved.discard(id);
            settle();
        } catch (IOException | RuntimeException more) {
            failure.addSuppressed(more);
        }
    }

    /// Brings the machine and its files in line after a save that did not end, here or in a process that died, and lets it
    /// go on. Nothing of the guest is lost.
    synchronized void settle() throws IOException {
        if (manifest.saving().isEmpty()) {
            return;
        }
        String layer = manifest.saving().get().layer();
        Path frozen = saved.layers().path(layer);
        if (driver.get().writesTo(directory.control(), process, layer)) {
            if (!Files.exists(frozen)) {
                saved.layers().takeCopy(layer, directory.disk());
            }
            if (Files.exists(directory.nextDisk())) {
                Files.move(
                        directory.nextDisk(), directory.disk(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
            if (!manifest.disk().layers().containsKey(layer)) {
                note(manifest.with(manifest.disk().plus(layer, Part.of(frozen))));
            }
        } else {
            if (Files.exists(frozen)) {
                saved.layers().giveBack(layer, directory.disk());
            }
            Files.deleteIfExists(directory.nextDisk());
        }
        driver.get().goOn(directory.control(), process);
        note(manifest.with(Optional.empty()));
        try {
            guest.thaw();
        } catch (PlatformFailure unknownYet) {
            LOG.info("{} stands still until its next /init", directory.id());
        }
    }

    private void note(VmManifest now) throws IOException {
        now.write(directory.manifest());
        manifest = now;
    }

    private static String newLayer() {
        byte[] random = new byte[LAYER_ID_BYTES];
        RANDOM.nextBytes(random);
        return "layer-" + HexFormat.of().formatHex(random);
    }
}
