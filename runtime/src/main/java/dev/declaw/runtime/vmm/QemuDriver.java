package dev.declaw.runtime.vmm;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.linux.Command;
import dev.declaw.linux.CommandFailedException;
import dev.declaw.linux.Descriptor;
import dev.declaw.linux.Exec;
import dev.declaw.linux.HostProcess;
import dev.declaw.linux.Tail;
import dev.declaw.runtime.network.Slot;
import dev.declaw.runtime.snapshot.HostKey;
import dev.declaw.runtime.storage.Digests;
import dev.declaw.runtime.template.BootImage;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

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

    /// Raise when a state that was saved before cannot be loaded any more.
    private static final String FORMAT = "qemu-1";

    /// Names of the memory in the state, and of the file that is handed over.
    private static final String MEMORY = "mem0";
    private static final String STATE = "state";
    private static final int PIPE_BYTES = 1 << 20;
    private static final int FIRST_SET = 1;
    private static final int SETS = 1 << 30;
    private static final int DIGEST_CHARACTERS = 16;
    private static final long BANDWIDTH_BYTES_MAX = 1L << 36;
    private static final Duration SOCKET_DEADLINE = Duration.ofSeconds(20);
    private static final Duration MIGRATION_DEADLINE = Duration.ofSeconds(60);
    private static final Duration STREAM_DEADLINE = Duration.ofMinutes(2);
    private static final Duration MIGRATION_POLL = Duration.ofMillis(1);
    private static final Duration END_DEADLINE = Duration.ofSeconds(20);

    private final String version;
    private final Accelerator accelerator;
    private final long tscKhz;

    /// @param tscKhz frequency of the host's time stamp counter; used under emulation
    public QemuDriver(Accelerator accelerator, long tscKhz) {
        if (tscKhz <= 0) {
            throw new IllegalArgumentException("the frequency of the time stamp counter is positive");
        }
        this.accelerator = accelerator;
        this.tscKhz = tscKhz;
        this.version = Exec.run(Command.of(PROGRAM, "--version")).text().lines().findFirst().orElse("unknown");
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
    public void awaitResumed(VmSpec spec, HostProcess process) throws IOException {
        if (!(spec.start() instanceof VmSpec.Resume resume)) {
            throw new IllegalArgumentException("this machine boots");
        }
        try (QmpSession session = QmpSession.open(spec.control(), SOCKET_DEADLINE, process::alive)) {
            ignoreSharedMemory(session);
            try (Descriptor state = Descriptor.open(resume.state(), Descriptor.Access.READ)) {
                session.run("getfd", QmpSession.arguments().put("fdname", STATE), state);
            }
            session.run("migrate-incoming", QmpSession.arguments().put("uri", "fd:" + STATE));
            if (await(session, "query-status", "inmigrate").equals("paused")) {
                session.run("cont"); // it was saved while it stood still
            }
        }
    }

    @Override
    public void saveAndEnd(Path control, HostProcess process, Path state) throws IOException {
        try (QmpSession session = QmpSession.open(control, SOCKET_DEADLINE, process::alive)) {
            prepareToSave(session);
            try (Descriptor file = Descriptor.open(state, Descriptor.Access.WRITE)) {
                session.run("getfd", QmpSession.arguments().put("fdname", STATE), file);
            }
            session.run("migrate", QmpSession.arguments().put("uri", "fd:" + STATE));
            awaitSaved(session);
            session.run("quit");
        }
        if (!process.awaitEnd(END_DEADLINE)) {
            throw new QmpException("the VMM does not end");
        }
    }

    @Override
    public long save(Path control, HostProcess process, SaveSpec save) throws IOException {
        try (QmpSession session = QmpSession.open(control, SOCKET_DEADLINE, process::alive)) {
            prepareToSave(session);
            if (save.next().isPresent()) {
                open(session, save.next().get());
            }
            String active = activeLayer(session);
            session.run("stop");
            if (save.next().isPresent()) {
                session.run("blockdev-snapshot", QmpSession.arguments()
                        .put("node", active)
                        .put("overlay", save.next().get().name()));
            }
            long bytes = stream(session, save);
            awaitSaved(session);
            return bytes;
        }
    }

    @Override
    public void switchLayer(Path control, HostProcess process, SaveSpec.Layer next) throws IOException {
        try (QmpSession session = QmpSession.open(control, SOCKET_DEADLINE, process::alive)) {
            open(session, next);
            String active = activeLayer(session);
            session.run("stop");
            session.run("blockdev-snapshot", QmpSession.arguments().put("node", active).put("overlay", next.name()));
        }
    }

    /// Opens a layer, without what it lies on: that is the layer in use. It comes as a descriptor, because the VMM has no
    /// right to open files any more.
    private static void open(QmpSession session, SaveSpec.Layer layer) throws QmpException {
        int set = FIRST_SET + Math.floorMod(layer.name().hashCode(), SETS);
        try (Descriptor file = Descriptor.open(layer.file(), Descriptor.Access.READ_WRITE)) {
            session.run("add-fd", QmpSession.arguments().put("fdset-id", set), file);
        }
        session.run("blockdev-add", QmpSession.arguments()
                .put("driver", "file")
                .put("node-name", layer.name() + "-file")
                .put("filename", "/dev/fdset/" + set)
                .put("locking", "off"));
        session.run("blockdev-add", QmpSession.arguments()
                .put("driver", "qcow2")
                .put("node-name", layer.name())
                .put("file", layer.name() + "-file")
                .put("discard", "unmap")
                .putNull("backing"));
    }

    /// Name of the node that the guest's disk writes to.
    private static String activeLayer(QmpSession session) throws QmpException {
        String name = session.run("query-block").path(0).path("inserted").path("node-name").asText();
        if (name.isEmpty()) {
            throw new QmpException("the machine has no disk");
        }
        return name;
    }

    @Override
    public boolean writesTo(Path control, HostProcess process, String layer) throws IOException {
        try (QmpSession session = QmpSession.open(control, SOCKET_DEADLINE, process::alive)) {
            return activeLayer(session).equals(layer);
        }
    }

    private static long stream(QmpSession session, SaveSpec save) throws IOException {
        List<Descriptor> pipe = Descriptor.pipe(PIPE_BYTES);
        try (Descriptor readEnd = pipe.getFirst();
                ReadableByteChannel in = readEnd.newReadChannel();
                FileChannel memory = FileChannel.open(save.memory(), StandardOpenOption.WRITE);
                OutputStream state = new BufferedOutputStream(Files.newOutputStream(save.state()), PIPE_BYTES)) {
            // Closed before the stream is read: the VMM's copy is the last, and its end the end of the stream.
            try (Descriptor writeEnd = pipe.getLast()) {
                session.run("getfd", QmpSession.arguments().put("fdname", STATE), writeEnd);
            }
            session.run("migrate", QmpSession.arguments().put("uri", "fd:" + STATE));
            return new MigrationSplitter(in, memory, state, (long) save.memoryMib() << 20, MEMORY).run(STREAM_DEADLINE);
        }
    }

    /// The conversation stays open, so that going on takes one command.
    @Override
    public Still standStill(Path control, HostProcess process) throws IOException {
        QmpSession session = QmpSession.open(control, SOCKET_DEADLINE, process::alive);
        try {
            session.run("stop");
        } catch (QmpException failure) {
            session.close();
            throw failure;
        }
        return new Still() {
            @Override
            public void goOn() throws IOException {
                session.run("cont");
            }

            @Override
            public void close() {
                session.close();
            }
        };
    }

    @Override
    public void goOn(Path control, HostProcess process) throws IOException {
        try (QmpSession session = QmpSession.open(control, SOCKET_DEADLINE, process::alive)) {
            if (session.run("query-migrate").path("status").asText("none").matches("setup|active|device")) {
                session.run("migrate_cancel");
                await(session, "query-migrate", "setup", "active", "device", "cancelling");
            }
            if (!session.run("query-status").path("status").asText().equals("running")) {
                session.run("cont");
            }
        }
    }

    private static void awaitSaved(QmpSession session) throws QmpException {
        String end = await(session, "query-migrate", "none", "setup", "active", "device");
        if (!end.equals("completed")) {
            throw new QmpException("the state of the machine could not be saved: " + end);
        }
    }

    private static void prepareToSave(QmpSession session) throws QmpException {
        ignoreSharedMemory(session);
        session.run("migrate-set-parameters", QmpSession.arguments().put("max-bandwidth", BANDWIDTH_BYTES_MAX));
    }

    /// Memory that is a shared file is not part of the stream. Both sides must say so: it changes the stream's form.
    private static void ignoreSharedMemory(QmpSession session) throws QmpException {
        ObjectNode arguments = QmpSession.arguments();
        arguments.putArray("capabilities").addObject().put("capability", "x-ignore-shared").put("state", true);
        session.run("migrate-set-capabilities", arguments);
    }

    /// Asks until the status is none of these.
    private static String await(QmpSession session, String question, String... passing) throws QmpException {
        long end = System.nanoTime() + MIGRATION_DEADLINE.toNanos();
        while (System.nanoTime() < end) {
            String status = session.run(question).path("status").asText("none");
            if (!List.of(passing).contains(status)) {
                return status;
            }
            QmpSession.pause(MIGRATION_POLL);
        }
        throw new QmpException(question + " did not come to an end within " + MIGRATION_DEADLINE.toSeconds() + " s");
    }

    @Override
    public HostKey key(int vcpus, int memoryMib) {
        Map<String, String> facts = new HashMap<>();
        facts.put("format", FORMAT);
        facts.put("vmm", version);
        facts.put("accelerator", accelerator.name().toLowerCase(Locale.ROOT));
        facts.put("vcpus", Integer.toString(vcpus));
        facts.put("memory_mib", Integer.toString(memoryMib));
        facts.put("devices", Digests.ofTexts(String.join(" ", machine(accelerator, vcpus, memoryMib)),
                        String.join(" ", devices("disk", -1)))
                .substring(0, DIGEST_CHARACTERS));
        facts.put("cpu", accelerator == Accelerator.KVM ? ProcessorModel.name() : "max");
        facts.put("tsc_khz", Long.toString(tscKhz));
        return new HostKey(facts);
    }

    @Override
    public int overheadMib() {
        return accelerator == Accelerator.TCG ? PROCESS_MIB + TRANSLATION_CACHE_MIB : PROCESS_MIB;
    }

    private List<String> arguments(VmSpec spec) {
        List<String> arguments = machine(accelerator, spec.vcpus(), spec.memoryMib());
        arguments.addAll(switch (spec.start()) {
            case VmSpec.Boot boot -> {
                List<String> kernel = new ArrayList<>(memory(boot.memory(), true, spec.memoryMib()));
                kernel.addAll(kernel(boot.image(), kernelLine()));
                yield kernel;
            }
            case VmSpec.Resume resume -> {
                List<String> incoming = new ArrayList<>(memory(Optional.of(resume.memory()), false, spec.memoryMib()));
                incoming.addAll(List.of("-incoming", "defer"));
                yield incoming;
            }
        });
        arguments.addAll(devices(spec.disk().toString(), spec.userId()));
        arguments.addAll(List.of("-qmp", "unix:" + spec.control() + ",server=on,wait=off"));
        return arguments;
    }

    private static List<String> memory(Optional<Path> file, boolean shared, int memoryMib) {
        String size = ",id=" + MEMORY + ",size=" + memoryMib + "M";
        return List.of("-object", file.map(path -> "memory-backend-file" + size + ",mem-path=" + path + ",prealloc=off,share="
                        + (shared ? "on" : "off"))
                .orElse("memory-backend-ram" + size));
    }

    private static List<String> kernel(BootImage image, String line) {
        return List.of(
                "-kernel", image.kernel().toString(), "-initrd", image.initramfs().toString(), "-append", line);
    }

    /// Everything whose order and properties a saved state depends on.
    private static List<String> devices(String disk, int userId) {
        return List.of(
                "-blockdev", "driver=file,node-name=file0,locking=off,filename=" + disk,
                "-blockdev", "driver=qcow2,node-name=disk0,file=file0,discard=unmap",
                "-device", "virtio-blk-device,drive=disk0",
                "-netdev", "tap,id=net0,ifname=" + Slot.TAP + ",script=no,downscript=no",
                "-device", "virtio-net-device,netdev=net0,mac=" + Slot.GUEST_MAC,
                "-object", "rng-builtin,id=rng0",
                "-device", "virtio-rng-device,rng=rng0,max-bytes=4096,period=1000",
                "-runas", userId + ":" + userId,
                "-sandbox", "on,obsolete=deny,spawn=deny,resourcecontrol=deny");
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
        List<String> arguments = machine(Accelerator.KVM, 1, PROBE_MEMORY_MIB);
        arguments.addAll(memory(Optional.empty(), false, PROBE_MEMORY_MIB));
        arguments.addAll(kernel(image, KERNEL_LINE));
        return Command.of(arguments);
    }

    private static List<String> machine(Accelerator accelerator, int vcpus, int memoryMib) {
        List<String> arguments = new ArrayList<>(List.of(
                PROGRAM, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-M", "microvm,acpi=on,memory-backend=" + MEMORY,
                "-smp", Integer.toString(vcpus),
                "-m", Integer.toString(memoryMib),
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
