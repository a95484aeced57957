package dev.declaw.runtime;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.snapshot.DiskChain;
import dev.declaw.runtime.snapshot.HostKey;
import dev.declaw.runtime.snapshot.SnapshotManifest;
import dev.declaw.runtime.storage.ArtifactStore;
import dev.declaw.runtime.storage.DiskLayers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The snapshots of this host and the disk layers that they and the running machines lie on. Thread-safe.
final class SavedMachines {
    private static final Logger LOG = LoggerFactory.getLogger(SavedMachines.class);

    private final Path stateDirectory;
    private final ArtifactStore artifacts;
    private final DiskLayers layers;

    /// Held shared while a layer is named by nobody yet, and alone while layers that nobody names are removed.
    private final ReadWriteLock naming = new ReentrantReadWriteLock();

    /// Disks of machines that start: no manifest of a machine names their layers yet.
    private final Map<Object, DiskChain> starting = new ConcurrentHashMap<>();

    SavedMachines(Path stateDirectory, ArtifactStore artifacts, DiskLayers layers) {
        this.stateDirectory = stateDirectory;
        this.artifacts = artifacts;
        this.layers = layers;
    }

    ArtifactStore artifacts() {
        return artifacts;
    }

    DiskLayers layers() {
        return layers;
    }

    /// Held by a save from before it freezes a layer until a manifest names it.
    java.util.concurrent.locks.Lock naming() {
        return naming.readLock();
    }

    /// Closed when the manifest of the machine that goes on is written, or there is none: until then its layers stay.
    ///
    /// @param directory its parts
    /// @param started ends the hold on its layers
    record Saved(Path directory, SnapshotManifest manifest, Runnable started) implements AutoCloseable {
        @Override
        public void close() {
            started.run();
        }

        Path memory() {
            return directory.resolve(TemplateSnapshot.MEMORY);
        }

        Path state() {
            return directory.resolve(TemplateSnapshot.STATE);
        }
    }

    /// A snapshot that can go on here; its files were checked. The caller closes it.
    ///
    /// @param here what a machine of that shape depends on here
    /// @throws PlatformFailure.NotFound when there is none
    /// @throws PlatformFailure.Unprocessable when it cannot be used, with the reason
    Saved open(String id, java.util.function.Function<SnapshotManifest, HostKey> here) throws IOException {
        return open(id, (directory, manifest) -> manifest.refusal(directory, here.apply(manifest), layers));
    }

    /// As [#open], for its disk alone: neither the kind of host nor its memory matters.
    Saved openDisk(String id) throws IOException {
        return open(id, (_, manifest) -> manifest.diskRefusal(layers));
    }

    @FunctionalInterface
    private interface Check {
        Optional<String> refusal(Path directory, SnapshotManifest manifest) throws IOException;
    }

    private Saved open(String id, Check check) throws IOException {
        Path directory = artifacts.open(id)
                .orElseThrow(() -> new PlatformFailure.NotFound("snapshot_not_found", "there is no snapshot " + id));
        Object place = new Object();
        boolean usable = false;
        try {
            SnapshotManifest manifest = hold(place, directory);
            Optional<String> refusal = check.refusal(directory, manifest);
            if (refusal.isPresent()) {
                throw unusable(id, refusal.get());
            }
            manifest.disk().requireOwn(layers);
            usable = true;
            return new Saved(directory, manifest, () -> starting.remove(place));
        } catch (IOException damaged) {
            throw unusable(id, damaged.getMessage());
        } finally {
            if (!usable) {
                starting.remove(place);
            }
        }
    }

    private SnapshotManifest hold(Object place, Path directory) throws IOException {
        naming().lock();
        try {
            SnapshotManifest manifest = SnapshotManifest.read(directory);
            starting.put(place, manifest.disk());
            return manifest;
        } finally {
            naming().unlock();
        }
    }

    static PlatformFailure.Unprocessable unusable(String id, String why) {
        return new PlatformFailure.Unprocessable("snapshot_unusable", "snapshot " + id + " cannot be used: " + why);
    }

    void delete(String id) throws IOException {
        artifacts.delete(id);
        removeUnnamedLayers();
    }

    /// Removes what saves left that did not end, and layers that nobody names. Called before the first save.
    void sweep() throws IOException {
        for (String id : artifacts.unfinished()) {
            LOG.info("removing the unfinished snapshot {}", id);
            artifacts.delete(id);
        }
        removeUnnamedLayers();
    }

    private void removeUnnamedLayers() throws IOException {
        naming.writeLock().lock();
        try {
            Set<String> named = new HashSet<>();
            // Before the manifests: a machine that comes up meanwhile is found here or there.
            starting.values().forEach(disk -> named.addAll(layersOf(disk)));
            for (String id : artifacts.ids()) {
                Optional<Path> directory = artifacts.open(id);
                if (directory.isPresent()) {
                    named.addAll(layersOf(SnapshotManifest.read(directory.get()).disk()));
                }
            }
            for (SandboxDirectory sandbox : SandboxDirectory.list(stateDirectory)) {
                Optional<VmManifest> manifest = sandbox.readManifest();
                manifest.ifPresent(vm -> named.addAll(layersOf(vm.disk())));
                manifest.flatMap(VmManifest::saving).ifPresent(saving -> named.add(saving.layer()));
            }
            layers.keepOnly(named);
        } catch (IOException unreadable) {
            LOG.warn("disk layers that nobody needs stay for now: a manifest cannot be read", unreadable);
        } finally {
            naming.writeLock().unlock();
        }
    }

    private static Set<String> layersOf(DiskChain disk) {
        return disk.layers().keySet();
    }
}
