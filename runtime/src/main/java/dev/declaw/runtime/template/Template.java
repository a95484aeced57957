package dev.declaw.runtime.template;

import java.nio.file.Path;

/// A built template on this host.
///
/// @param name built-in name or alias, for example `base`
/// @param digest SHA-256 over everything it was built from, hex
/// @param disk read-only ext4 image that each sandbox's own layer lies on
/// @param vcpus processors of a sandbox
/// @param memoryMib memory of a sandbox
/// @param diskMib capacity of a sandbox's disk
public record Template(String name, String digest, Path disk, int vcpus, int memoryMib, int diskMib) {}
