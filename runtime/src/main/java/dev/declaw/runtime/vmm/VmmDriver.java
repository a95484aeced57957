package dev.declaw.runtime.vmm;

/// Steers one kind of VMM program. Thread-safe.
public sealed interface VmmDriver permits QemuDriver {
    /// Starts a guest and returns without waiting for it. The process is independent of this one's life.
    ///
    /// @throws dev.declaw.linux.CommandFailedException when the program cannot be started
    RunningVmm start(VmSpec spec);

    /// Memory that the program itself needs beside the guest's.
    int overheadMib();
}
