package dev.declaw.runtime;

import dev.declaw.runtime.archive.MasterKeys;
import dev.declaw.runtime.objects.LocalObjects;
import dev.declaw.runtime.objects.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Where snapshots are kept beside the files that this machine works with.
///
/// @param objects the store; closed with the host
/// @param keys that everything in it is sealed with
/// @param shared other machines use the store too: snapshots carry the disk of their template then, and pauses are stored as
///     well, because this machine may be lost
/// @param cacheMibMax files of stored snapshots that stay on this machine; the least recently used ones go first and are
///     fetched again when they are needed
public record SnapshotStore(ObjectStore objects, MasterKeys keys, boolean shared, long cacheMibMax) {
    private static final long CACHE_MIB_DEFAULT = 16 << 10;

    /// A directory of this machine, below the state directory, with a key of its own.
    public static SnapshotStore below(Path stateDirectory) throws IOException {
        Path objects = stateDirectory.resolve("store");
        Files.createDirectories(stateDirectory);
        return new SnapshotStore(
                new LocalObjects(objects),
                MasterKeys.open(stateDirectory.resolve("store-key"), !Files.exists(objects)),
                false,
                CACHE_MIB_DEFAULT);
    }
}
