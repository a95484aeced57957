package dev.declaw.runtime;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.archive.Archive;
import dev.declaw.runtime.objects.StoreUnavailableException;
import dev.declaw.runtime.snapshot.DiskChain;
import dev.declaw.runtime.snapshot.HostKey;
import dev.declaw.runtime.snapshot.SnapshotManifest;
import dev.declaw.runtime.storage.DiskLayers;
import dev.declaw.runtime.storage.LocalArtifacts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The snapshots of this host: their files, which machines map, the disk layers that they and running machines lie on, and
/// the store that they are kept in. Files of a stored snapshot may go and are fetched again. Thread-safe.
final class SavedMachines implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SavedMachines.class);
    private static final int FETCH_LOCKS = 64;
    private static final long BYTES_PER_MIB = 1 << 20;
    private static final String HERE = "here";
    private static final String CONTENT = "content";

    private final Path stateDirectory;
    private final LocalArtifacts artifacts;
    private final DiskLayers layers;
    private final FetchedDisks disks;
    private final SnapshotStore store;
    private final SnapshotArchive archive;

    /// Held shared while a layer is named by nobody yet, and alone while layers that nobody names are removed.
    private final ReadWriteLock naming = new ReentrantReadWriteLock();

    /// Snapshots that machines start from: no manifest of a machine names their layers yet, and their files must stay.
    private final Map<Object, SnapshotManifest> starting = new ConcurrentHashMap<>();

    /// One fetch of a snapshot at a time; two snapshots may share a lock.
    private final Object[] fetching = Stream.generate(Object::new).limit(FETCH_LOCKS).toArray();

    private final AtomicBoolean sweepDue = new AtomicBoolean();

    SavedMachines(Path stateDirectory, LocalArtifacts artifacts, DiskLayers layers, SnapshotStore store)
            throws IOException {
        this.stateDirectory = stateDirectory;
        this.artifacts = artifacts;
        this.layers = layers;
        this.store = store;
        this.disks = new FetchedDisks(stateDirectory.resolve("disks"));
        Archive sealed = new Archive(
                store.objects(), store.keys(), StoreWriter.of(stateDirectory), stateDirectory.resolve("tables"));
        this.archive = new SnapshotArchive(sealed, store.shared(), layers, disks);
    }

    LocalArtifacts artifacts() {
        return artifacts;
    }

    DiskLayers layers() {
        return layers;
    }

    /// Held by a save from before it freezes a layer until a manifest names it.
    void beginNaming() {
        naming.readLock().lock();
    }

    void endNaming() {
        naming.readLock().unlock();
        if (sweepDue.get()) {
            removeUnnamed();
        }
    }

    /// Makes a snapshot whose manifest has been written exist: in the store, unless it belongs to a template that was built
    /// here, or is a pause and the store is this machine's own, where a second copy of what the next resume takes away would
    /// help nobody.
    ///
    /// @return bytes that it takes beside what was there: in the store, or of this machine's disk
    /// @throws PlatformFailure.NoCapacity when it could not be stored; it does not exist then
    long complete(String id, boolean pause) throws IOException {
        Path directory = artifacts.pending(id);
        long bytes;
        if (!id.startsWith(SnapshotArchive.SNAPSHOT_PREFIX) || pause && !store.shared()) {
            Files.createFile(directory.resolve(HERE));
            bytes = hereBytes(SnapshotManifest.read(directory));
        } else {
            SnapshotArchive.Stored stored = store(directory);
            Files.writeString(directory.resolve(CONTENT), Long.toString(stored.contentBytes()));
            bytes = stored.addedBytes();
        }
        artifacts.complete(id);
        return bytes;
    }

    private SnapshotArchive.Stored store(Path directory) throws IOException {
        try {
            return archive.store(directory);
        } catch (IOException failure) {
            LOG.warn("{} did not take a snapshot", archive, failure);
            throw unavailable();
        }
    }

    private PlatformFailure.NoCapacity unavailable(String id, StoreUnavailableException cause) {
        LOG.warn("snapshot {} cannot be had from {}", id, archive, cause);
        return unavailable();
    }

    private static PlatformFailure.NoCapacity unavailable() {
        return new PlatformFailure.NoCapacity(
                "snapshot_store_unavailable", "the store of snapshots does not answer as it should; try again later");
    }

    private static long hereBytes(SnapshotManifest manifest) {
        return manifest.parts().values().stream().mapToLong(part -> part.bytes()).sum()
                + manifest.disk().layers().values().stream().mapToLong(layer -> layer.bytes()).sum();
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

    /// A snapshot that can go on here; its files are here and were checked. The caller closes it.
    ///
    /// @param here what a machine of that shape depends on here
    /// @throws PlatformFailure.NotFound when there is none
    /// @throws PlatformFailure.Unprocessable when it cannot be used, with the reason
    /// @throws PlatformFailure.NoCapacity when the store does not answer
    Saved open(String id, Function<SnapshotManifest, HostKey> here) throws IOException {
        try {
            requireUsable(id, here);
        } catch (StoreUnavailableException unreachable) {
            throw unavailable(id, unreachable);
        }
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
        Object place = new Object();
        boolean usable = false;
        try {
            Path directory = hold(place, id);
            SnapshotManifest manifest = starting.get(place);
            Optional<String> refusal = check.refusal(directory, manifest);
            if (refusal.isPresent()) {
                throw unusable(id, refusal.get());
            }
            manifest.disk().requireOwn(layers);
            usable = true;
            return new Saved(directory, manifest, () -> starting.remove(place));
        } catch (StoreUnavailableException unreachable) {
            throw unavailable(id, unreachable);
        } catch (IOException damaged) {
            throw unusable(id, damaged.getMessage());
        } finally {
            if (!usable) {
                starting.remove(place);
            }
        }
    }

    /// Before its files are fetched: those of another kind of host would be of no use.
    private void requireUsable(String id, Function<SnapshotManifest, HostKey> here) throws IOException {
        if (artifacts.open(id).isPresent()) {
            return;
        }
        SnapshotManifest manifest = archive.find(id)
                .map(SnapshotArchive.Facts::manifest)
                .orElseThrow(() -> notFound(id));
        Optional<String> foreign = here.apply(manifest).refuses(manifest.key());
        if (foreign.isPresent()) {
            throw unusable(id, "it was saved on another kind of host: " + foreign.get());
        }
    }

    private Path hold(Object place, String id) throws IOException {
        beginNaming();
        try {
            synchronized (fetching[Math.floorMod(id.hashCode(), FETCH_LOCKS)]) {
                Path directory = artifacts.open(id).orElse(null);
                if (directory == null) {
                    directory = fetch(id);
                }
                SnapshotManifest manifest = SnapshotManifest.read(directory);
                starting.put(place, manifest);
                Files.setLastModifiedTime(
                        directory.resolve(LocalArtifacts.MANIFEST), FileTime.from(Instant.now())); // it was used now
                return directory;
            }
        } finally {
            endNaming();
        }
    }

    private Path fetch(String id) throws IOException {
        if (!archive.contains(id)) {
            throw notFound(id);
        }
        long start = System.nanoTime();
        Path directory = artifacts.beginCopy(id);
        try {
            Files.writeString(directory.resolve(CONTENT), Long.toString(archive.fetch(id, directory)));
            artifacts.complete(id);
        } catch (IOException | RuntimeException failure) {
            artifacts.delete(id);
            throw failure;
        }
        LOG.info("snapshot {} was fetched from {} in {} ms", id, archive, (System.nanoTime() - start) / 1_000_000);
        return directory;
    }

    private static PlatformFailure.NotFound notFound(String id) {
        return new PlatformFailure.NotFound("snapshot_not_found", "there is no snapshot " + id);
    }

    static PlatformFailure.Unprocessable unusable(String id, String why) {
        return new PlatformFailure.Unprocessable("snapshot_unusable", "snapshot " + id + " cannot be used: " + why);
    }

    /// What the store says of a snapshot, of this server or another one; empty when it has none.
    Optional<SnapshotManifest> describe(String id) throws IOException {
        return archive.find(id).map(SnapshotArchive.Facts::manifest);
    }

    /// Snapshots of this server that exist: stored ones, and those whose files are here alone.
    Set<String> ids() throws IOException {
        Set<String> ids = new TreeSet<>(archive.ids());
        for (String id : artifacts.ids()) {
            if (isOnlyHere(id)) {
                ids.add(id);
            }
        }
        return ids;
    }

    private boolean isOnlyHere(String id) {
        return artifacts.open(id).map(directory -> Files.exists(directory.resolve(HERE))).orElse(false);
    }

    /// Removes a snapshot of this server: first so that nobody finds it, then what it alone needed. When the store does not
    /// answer, the snapshot stays.
    void delete(String id) throws IOException {
        if (!isOnlyHere(id)) {
            archive.delete(id);
        }
        artifacts.delete(id);
        removeUnnamed();
    }

    /// Takes back a save that failed. What the store may have of it, and cannot be asked to remove now, belongs to nobody: the
    /// next start removes it.
    void takeBack(String id) throws IOException {
        try {
            archive.delete(id);
        } catch (IOException unreachable) {
            LOG.warn("what {} may have of the failed snapshot {} stays for now: {}", archive, id, unreachable.getMessage());
        }
        artifacts.delete(id);
    }

    /// Removes what saves left that did not end, and what nobody names. Called before the first save.
    void sweep() throws IOException {
        for (String id : artifacts.unfinished()) {
            try {
                if (artifacts.isSaving(id)) {
                    archive.delete(id); // its table may be there, and nobody was told of it
                }
                artifacts.delete(id);
                LOG.info("the unfinished snapshot {} was removed", id);
            } catch (IOException unreachable) {
                LOG.warn("the unfinished snapshot {} stays until the next start: {}", id, unreachable.getMessage());
            }
        }
        removeUnnamed();
    }

    /// Removes files of stored snapshots, the least recently used first, until the rest is within the limit.
    void evict() {
        try {
            List<Path> stored = new ArrayList<>();
            for (String id : artifacts.ids()) {
                if (!isOnlyHere(id)) {
                    artifacts.open(id).ifPresent(stored::add);
                }
            }
            stored.sort(Comparator.comparing(SavedMachines::used).reversed());
            long bytes = 0;
            for (Path directory : stored) {
                bytes += content(directory);
                String id = directory.getFileName().toString();
                boolean inUse = starting.values().stream().anyMatch(manifest -> manifest.id().equals(id));
                if (bytes > store.cacheMibMax() * BYTES_PER_MIB && !inUse) {
                    LOG.info("the files of snapshot {} go; the store has it", id);
                    artifacts.delete(id);
                }
            }
        } catch (IOException failure) {
            LOG.warn("files of stored snapshots stay for now", failure);
        }
    }

    private static FileTime used(Path directory) {
        try {
            return Files.getLastModifiedTime(directory.resolve(LocalArtifacts.MANIFEST));
        } catch (IOException gone) {
            return FileTime.from(Instant.EPOCH);
        }
    }

    /// Bytes of the files that are not holes, as they were counted when they came here.
    private static long content(Path directory) throws IOException {
        Path counted = directory.resolve(CONTENT);
        return Files.exists(counted) ? Long.parseLong(Files.readString(counted)) : 0;
    }

    /// Does nothing while something is being named; whoever ends that does it then.
    private void removeUnnamed() {
        sweepDue.set(true);
        if (!naming.writeLock().tryLock()) {
            return;
        }
        try {
            sweepDue.set(false);
            evict();
            Set<String> named = new HashSet<>();
            Set<String> bases = new HashSet<>();
            // Before the manifests: a machine that comes up meanwhile is found here or there.
            starting.values().forEach(manifest -> name(manifest.disk(), named, bases));
            for (String id : artifacts.ids()) {
                Optional<Path> directory = artifacts.open(id);
                if (directory.isPresent()) {
                    name(SnapshotManifest.read(directory.get()).disk(), named, bases);
                }
            }
            for (SandboxDirectory sandbox : SandboxDirectory.list(stateDirectory)) {
                Optional<VmManifest> manifest = sandbox.readManifest();
                manifest.ifPresent(vm -> name(vm.disk(), named, bases));
                manifest.flatMap(VmManifest::saving).ifPresent(saving -> named.add(saving.layer()));
            }
            layers.keepOnly(named);
            disks.keepOnly(bases);
            archive.sweep();
        } catch (IOException unreadable) {
            LOG.warn("what nobody needs any more stays for now: {}", unreadable.getMessage());
        } finally {
            naming.writeLock().unlock();
        }
    }

    private static void name(DiskChain disk, Set<String> layers, Set<String> bases) {
        layers.addAll(disk.layers().keySet());
        bases.add(disk.base());
    }

    @Override
    public void close() {
        store.objects().close();
    }
}
