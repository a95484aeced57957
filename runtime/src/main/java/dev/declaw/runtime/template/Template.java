package dev.declaw.runtime.template;

import java.nio.file.Path;
import java.util.Optional;

/// A built template on this host.
///
/// @param name built-in name or alias, for example `base`
/// @param digest SHA-256 over everything it was built from, hex
/// @param disk read-only ext4 image at the bottom of each sandbox's disk; for a template with a saved machine only a place to
///     be told about: its disk is that of the machine
/// @param vcpus processors of a sandbox
/// @param memoryMib memory of a sandbox
/// @param diskMib capacity of a sandbox's disk
/// @param saved id of the saved machine or disk that its sandboxes start from; empty for one that the runtime builds itself
public record Template(
        String name, String digest, Path disk, int vcpus, int memoryMib, int diskMib, Optional<String> saved) {
    /// One that the runtime builds itself.
    public Template(String name, String digest, Path disk, int vcpus, int memoryMib, int diskMib) {
        this(name, digest, disk, vcpus, memoryMib, diskMib, Optional.empty());
    }

    /// One that starts from a saved machine or disk.
    public static Template saved(String name, String digest, String saved, int vcpus, int memoryMib, int diskMib) {
        return new Template(name, digest, Path.of("/"), vcpus, memoryMib, diskMib, Optional.of(saved));
    }

    /// The same as a machine of another size.
    public Template sized(int otherVcpus, int otherMemoryMib, int otherDiskMib) {
        return new Template(name, digest, disk, otherVcpus, otherMemoryMib, otherDiskMib, saved);
    }
}
