package dev.declaw.runtime;

import dev.declaw.linux.ControlGroups;
import dev.declaw.linux.HostProcess;
import dev.declaw.linux.LinuxException;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.snapshot.MachineShape;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What the VMM of one sandbox may take of the machine, whatever its guest does: processor time, memory, threads, and the size
/// of a file. Where the machine has no control groups for us, the VMM's own arguments are the only bound. Thread-safe.
final class VmmLimits {
    private static final Logger LOG = LoggerFactory.getLogger(VmmLimits.class);

    /// Beside its virtual processors a VMM has threads for devices and disk: half a processor.
    private static final int HUNDREDTHS_PER_CPU = 100;
    private static final int HUNDREDTHS_OF_DEVICES = 50;

    /// Virtual processors, main loop, and QEMU's pool for the disk, which has 64 threads at most.
    private static final int TASKS_MAX = 128;

    /// Page cache of the disk is counted too; it is reclaimed before anything is killed.
    private static final int CACHE_MIB = 64;

    /// A disk layer may hold every block of the disk once, and its tables.
    private static final int TABLES_MIB = 64;
    private static final int TABLES_SHARE = 16;

    private final ControlGroups groups;
    private final AtomicBoolean told = new AtomicBoolean();

    VmmLimits(ControlGroups groups) {
        this.groups = groups;
    }

    static VmmLimits ofThisMachine() {
        return new VmmLimits(ControlGroups.find());
    }

    ControlGroups.Group group(SandboxId id) {
        return groups.group(id.value());
    }

    /// Removes the group of a VMM that has ended. One that the kernel still counts somebody in is left: it holds nothing.
    void remove(SandboxId id) {
        try {
            group(id).remove();
        } catch (LinuxException busy) {
            LOG.warn("the control group of {} stays: {}", id, busy.getMessage());
        }
    }

    /// Puts a VMM that has just been started under its limits.
    ///
    /// @param memoryMib what was promised to it, its own needs included
    void apply(ControlGroups.Group group, HostProcess vmm, MachineShape shape, int memoryMib) {
        Set<String> refused = new TreeSet<>(group.create(new ControlGroups.Limits(
                shape.vcpus() * HUNDREDTHS_PER_CPU + HUNDREDTHS_OF_DEVICES,
                ((long) memoryMib + CACHE_MIB) << 20,
                TASKS_MAX)));
        refused.addAll(group.add(vmm.pid()));
        try {
            vmm.limitFileBytes(((long) shape.diskMib() + shape.diskMib() / TABLES_SHARE + TABLES_MIB) << 20);
        } catch (LinuxException notTaken) {
            refused.add("file size");
        }
        if ((!refused.isEmpty() || groups.controllers().isEmpty()) && vmm.alive() && told.compareAndSet(false, true)) {
            LOG.warn("sandboxes are not bounded by the kernel in everything: this machine offers {}, and refused {}", groups, refused);
        }
    }

    @Override
    public String toString() {
        return groups.toString();
    }
}
