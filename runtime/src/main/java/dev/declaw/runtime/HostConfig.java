package dev.declaw.runtime;

import java.nio.file.Path;
import java.time.Duration;

/// Where a host keeps things and how much it may take.
///
/// @param stateDirectory what belongs to this server: one directory per running sandbox. Two servers of one machine have two
/// @param templateCache what can be built again: disks, kernels, initramfs. May be shared by servers of one machine
/// @param envdBinary the guest agent, a static executable that becomes `/init` of the guest
/// @param memoryBudgetMib memory that all guests together may be promised, VMM overhead included
/// @param diskReserveMib space that must stay free where the sandboxes' disks lie; less refuses a boot
/// @param bootDeadline from the start of the VMM to the first answer of the agent
/// @param prestartedVmms VMMs that are started in advance for each template that is asked for; they count as its machines'
///     memory, and give way
public record HostConfig(
        Path stateDirectory,
        Path templateCache,
        Path envdBinary,
        int memoryBudgetMib,
        int diskReserveMib,
        Duration bootDeadline,
        int prestartedVmms) {
    /// A Unix socket's path has 107 bytes (unix(7)); `/sandboxes/<id>/qmp` takes 51 of them.
    private static final int STATE_PATH_CHARACTERS_MAX = 56;
    private static final int DISK_RESERVE_MIB_DEFAULT = 2048;
    private static final Duration BOOT_DEADLINE_DEFAULT = Duration.ofSeconds(60);

    public HostConfig {
        stateDirectory = stateDirectory.toAbsolutePath().normalize();
        templateCache = templateCache.toAbsolutePath().normalize();
        envdBinary = envdBinary.toAbsolutePath().normalize();
        if (memoryBudgetMib <= 0 || diskReserveMib < 0 || prestartedVmms < 0 || bootDeadline.isNegative() || bootDeadline.isZero()) {
            throw new IllegalArgumentException("limits of a host are positive");
        }
        // QEMU's option syntax separates by commas, and a qcow2 file names its backing file.
        if (stateDirectory.toString().length() > STATE_PATH_CHARACTERS_MAX) {
            throw new IllegalArgumentException("the path of a state directory has " + STATE_PATH_CHARACTERS_MAX
                    + " characters at most, because sockets lie below it: " + stateDirectory);
        }
        for (Path path : new Path[] {stateDirectory, templateCache}) {
            if (!path.toString().matches("[A-Za-z0-9/._+@-]{1,512}")) {
                throw new IllegalArgumentException(
                        "the path of a state or cache directory has only letters, digits and /._+@-");
            }
        }
    }

    /// The same with another limit of memory.
    public HostConfig withMemoryBudget(int mib) {
        return new HostConfig(stateDirectory, templateCache, envdBinary, mib, diskReserveMib, bootDeadline, prestartedVmms);
    }

    /// The same with VMMs started in advance.
    public HostConfig withPrestartedVmms(int each) {
        return new HostConfig(
                stateDirectory, templateCache, envdBinary, memoryBudgetMib, diskReserveMib, bootDeadline, each);
    }

    /// Three quarters of the machine's memory, 2 GiB of disk left free, 60 s to boot.
    ///
    /// @param machineMemoryMib memory of the machine
    public static HostConfig of(Path stateDirectory, Path templateCache, Path envdBinary, int machineMemoryMib) {
        return new HostConfig(
                stateDirectory,
                templateCache,
                envdBinary,
                Math.max(1, machineMemoryMib / 4 * 3),
                DISK_RESERVE_MIB_DEFAULT,
                BOOT_DEADLINE_DEFAULT,
                0);
    }
}
