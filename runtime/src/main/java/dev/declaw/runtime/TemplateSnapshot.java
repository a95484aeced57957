package dev.declaw.runtime;

import dev.declaw.runtime.snapshot.SnapshotManifest;
import java.nio.file.Path;

/// The saved machine of a template: booted once, warmed up, nobody's.
///
/// @param directory its files, which are never written again
record TemplateSnapshot(Path directory, SnapshotManifest manifest) {
    static final String MEMORY = "memory";
    static final String STATE = "state";
    static final String DISK = "disk.qcow2";

    Path memory() {
        return directory.resolve(MEMORY);
    }

    Path state() {
        return directory.resolve(STATE);
    }

    Path disk() {
        return directory.resolve(DISK);
    }
}
