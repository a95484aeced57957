package dev.declaw.runtime.vmm;

import java.nio.file.Path;
import java.util.Optional;

/// Where a machine that is saved goes.
///
/// @param memory empty file that takes the memory
/// @param state empty file that takes the devices
/// @param memoryMib size of the memory
/// @param next the layer that the machine writes to from then on, for one that goes on; empty for one that ends
public record SaveSpec(Path memory, Path state, int memoryMib, Optional<Layer> next) {
    /// An empty layer over the one that the machine writes to now.
    ///
    /// @param name names it inside the VMM, see [VmmDriver#writesTo]
    public record Layer(String name, Path file) {}
}
