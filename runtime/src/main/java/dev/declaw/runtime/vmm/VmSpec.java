package dev.declaw.runtime.vmm;

import dev.declaw.linux.NetworkNamespace;
import dev.declaw.runtime.template.BootImage;
import java.nio.file.Path;

/// One guest machine.
///
/// @param image what it boots
/// @param disk its own qcow2 layer, the guest's /dev/vda
/// @param namespace the network namespace that holds its tap device
/// @param vcpus processors
/// @param memoryMib memory
/// @param userId uid and gid that the VMM takes on after it has opened everything; no other process has it
public record VmSpec(BootImage image, Path disk, NetworkNamespace namespace, int vcpus, int memoryMib, int userId) {}
