package dev.declaw.runtime.vmm;

import dev.declaw.linux.HostProcess;
import dev.declaw.runtime.snapshot.HostKey;
import java.io.IOException;
import java.nio.file.Path;

/// Steers one kind of VMM program. Thread-safe.
public sealed interface VmmDriver permits QemuDriver {
    /// Starts a guest. A boot is not waited for; a saved machine goes on, and runs, when this returns. The process is
    /// independent of this one's life.
    ///
    /// @throws dev.declaw.linux.CommandFailedException when the program cannot be started
    RunningVmm start(VmSpec spec);

    /// Waits until a machine that was started with [VmSpec.Resume] has loaded its state.
    ///
    /// @throws IOException when the state cannot be loaded; the process has ended then, or must be
    void awaitResumed(VmSpec spec, HostProcess process) throws IOException;

    /// Saves the devices of a machine whose memory is a shared file, and ends it: memory file and disk are at rest when
    /// this returns.
    ///
    /// @param state file to write, which exists
    void saveAndEnd(Path control, HostProcess process, Path state) throws IOException;

    /// Stops a machine and saves it: when this returns, it stands still, its disk is at rest, and [#goOn] or its end may
    /// follow. When it fails, the machine may stand still or run.
    ///
    /// @return bytes of memory that are not zero
    long save(Path control, HostProcess process, SaveSpec save) throws IOException;

    /// Stops the processors of a machine until the caller lets it go on. Nothing else may be done to it meanwhile but its end.
    Still standStill(Path control, HostProcess process) throws IOException;

    /// A machine that stands still. Closing it does not let it go on.
    interface Still extends AutoCloseable {
        void goOn() throws IOException;

        @Override
        void close();
    }

    /// Stops a machine and lets it write to another layer from then on: when this returns, it stands still, the layer
    /// before is at rest, and [#goOn] must follow. When it fails, the machine may stand still or run.
    void switchLayer(Path control, HostProcess process, SaveSpec.Layer next) throws IOException;

    /// Lets a machine that stands still go on; does nothing to one that runs.
    void goOn(Path control, HostProcess process) throws IOException;

    /// Whether a machine writes to the layer that its last save gave it: for one whose save nobody saw the end of.
    boolean writesTo(Path control, HostProcess process, String layer) throws IOException;

    /// What a machine of this size that is saved here depends on.
    HostKey key(int vcpus, int memoryMib);

    /// Memory that the program itself needs beside the guest's.
    int overheadMib();
}
