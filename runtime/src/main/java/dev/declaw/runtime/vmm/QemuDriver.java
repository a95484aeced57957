package dev.declaw.runtime.vmm;

import dev.declaw.linux.Command;
import dev.declaw.linux.CommandFailedException;
import dev.declaw.linux.Exec;
import dev.declaw.linux.HostProcess;
import dev.declaw.linux.Tail;
import dev.declaw.runtime.network.Slot;
import dev.declaw.runtime.template.BootImage;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// QEMU's `microvm` machine: virtio over MMIO, no PCI, no firmware menu, nothing that the guest does not need.
///
/// `acpi=on` because Debian's kernel finds virtio-mmio devices only there. Under emulation the kernel is told the frequency
/// of the time stamp counter: left to measure it on a busy host, it fails and hangs for ever.
/// QEMU opens its files, tap and sockets as root, then takes on a uid that nobody else has, without capabilities, behind a
/// seccomp filter that forbids new processes.
public final class QemuDriver implements VmmDriver {
    private static final String PROGRAM = "qemu-system-x86_64";
    private static final int CONSOLE_BYTES_MAX = 65536;
    private static final int TRANSLATION_CACHE_MIB = 64;
    private static final int PROCESS_MIB = 48;
    private static final int PROBE_MEMORY_MIB = 128;

    /// `cryptomgr.notests`: the kernel's self-tests of its ciphers are a third of its start under emulation.
    private static final String KERNEL_LINE =
            "console=ttyS0 reboot=t panic=-1 rcupdate.rcu_expedited=1 noreplace-smp cryptomgr.notests";

    private final Accelerator accelerator;
    private final long tscKhz;

    /// @param tscKhz frequency of the host's time stamp counter; used under emulation
    public QemuDriver(Accelerator accelerator, long tscKhz) {
        if (tscKhz <= 0) {
            throw new IllegalArgumentException("the frequency of the time stamp counter is positive");
        }
        this.accelerator = accelerator;
        this.tscKhz = tscKhz;
    }

    @Override
    public RunningVmm start(VmSpec spec) {
        Command command = Command.of(arguments(spec)).in(spec.namespace());
        Process process = Exec.startPiped(command);
        HostProcess host = HostProcess.of(process.pid()).orElse(null);
        if (host == null) {
            throw new CommandFailedException(command.arguments(), "ended at once");
        }
        Tail console = new Tail(CONSOLE_BYTES_MAX);
        Thread.ofVirtual().name("console-" + process.pid()).start(() -> copy(process, console));
        return new RunningVmm(host, console);
    }

    @Override
    public int overheadMib() {
        return accelerator == Accelerator.TCG ? PROCESS_MIB + TRANSLATION_CACHE_MIB : PROCESS_MIB;
    }

    private List<String> arguments(VmSpec spec) {
        List<String> arguments = machine(accelerator, spec.vcpus(), spec.memoryMib(), spec.image());
        arguments.addAll(List.of("-append", kernelLine()));
        arguments.addAll(List.of(
                "-blockdev", "driver=file,node-name=file0,filename=" + spec.disk(),
                "-blockdev", "driver=qcow2,node-name=disk0,file=file0,discard=unmap",
                "-device", "virtio-blk-device,drive=disk0",
                "-netdev", "tap,id=net0,ifname=" + Slot.TAP + ",script=no,downscript=no",
                "-device", "virtio-net-device,netdev=net0,mac=" + Slot.GUEST_MAC,
                "-object", "rng-builtin,id=rng0",
                "-device", "virtio-rng-device,rng=rng0,max-bytes=4096,period=1000",
                "-runas", spec.userId() + ":" + spec.userId(),
                "-sandbox", "on,obsolete=deny,spawn=deny,resourcecontrol=deny"));
        return arguments;
    }

    private String kernelLine() {
        return switch (accelerator) {
            case KVM -> KERNEL_LINE + " quiet";
            case TCG ->
                KERNEL_LINE + " quiet no_timer_check mitigations=off tsc=reliable tsc_early_khz=" + tscKhz;
        };
    }

    /// A guest without disk and network that shows whether KVM can run this kernel.
    static Command probeCommand(BootImage image) {
        List<String> arguments = machine(Accelerator.KVM, 1, PROBE_MEMORY_MIB, image);
        arguments.addAll(List.of("-append", KERNEL_LINE));
        return Command.of(arguments);
    }

    private static List<String> machine(Accelerator accelerator, int vcpus, int memoryMib, BootImage image) {
        List<String> arguments = new ArrayList<>(List.of(
                PROGRAM, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-M", "microvm,acpi=on",
                "-smp", Integer.toString(vcpus),
                "-m", Integer.toString(memoryMib),
                "-kernel", image.kernel().toString(),
                "-initrd", image.initramfs().toString(),
                "-chardev", "stdio,id=console,signal=off,mux=off",
                "-serial", "chardev:console"));
        arguments.addAll(switch (accelerator) {
            case KVM -> List.of("-accel", "kvm", "-cpu", "host");
            case TCG -> List.of("-accel", "tcg,thread=" + (vcpus == 1 ? "single" : "multi") + ",tb-size="
                    + TRANSLATION_CACHE_MIB, "-cpu", "max");
        });
        return arguments;
    }

    private static void copy(Process process, Tail console) {
        byte[] buffer = new byte[4096];
        try (InputStream in = process.getInputStream()) {
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                console.write(buffer, length);
            }
        } catch (IOException ended) {
            // The process is gone, and its console with it.
        }
    }

    @Override
    public String toString() {
        return "QEMU with " + accelerator.name().toLowerCase(Locale.ROOT);
    }
}
