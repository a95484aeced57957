package dev.declaw.runtime.vmm;

import dev.declaw.linux.NetworkNamespace;
import dev.declaw.runtime.template.BootImage;
import java.nio.file.Path;
import java.util.Optional;

/// One guest machine.
///
/// @param start how it comes to life
/// @param disk its own qcow2 layer, the guest's /dev/vda
/// @param control where the VMM's control socket will be; the path has 107 bytes at most (unix(7))
/// @param namespace the network namespace that holds its tap device
/// @param vcpus processors
/// @param memoryMib memory
/// @param userId uid and gid that the VMM takes on after it has opened everything; no other process has it
public record VmSpec(
        Start start, Path disk, Path control, NetworkNamespace namespace, int vcpus, int memoryMib, int userId) {

    /// How a machine comes to life.
    public sealed interface Start {}

    /// The kernel boots.
    ///
    /// @param memory file that is the guest's memory, made by the VMM; empty for memory of the process
    public record Boot(BootImage image, Optional<Path> memory) implements Start {}

    /// A saved machine goes on. Neither file is written.
    ///
    /// @param memory its memory, mapped copy-on-write
    /// @param state its devices
    public record Resume(Path memory, Path state) implements Start {}
}
