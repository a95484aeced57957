package dev.declaw.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.guest.GuestClient;
import dev.declaw.runtime.guest.GuestProcess;
import dev.declaw.runtime.guest.GuestProcess.Event;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/// A host with its own state directory for tests that need real microVMs, and words to talk to their guests. Templates come
/// from `DECLAW_CACHE` (default `/var/cache/declaw`), so that they are built once per machine; the agent is `DECLAW_ENVD`, or
/// built from the sources of this repository.
final class VmFixture implements AutoCloseable {
    static final String TENANT = "tenant-1";
    static final String TOKEN = "0123456789abcdef0123456789abcdef";
    private static final Path ENVD_SOURCES = Path.of("../envd").toAbsolutePath().normalize();

    private final Path cache;
    private final Path state;
    private final Path envd;
    private final StoreOf store;
    private LocalMicroVmHost host;
    private boolean ownsCache;

    VmFixture() throws IOException {
        this(Path.of(System.getenv().getOrDefault("DECLAW_CACHE", "/var/cache/declaw")));
    }

    private VmFixture(Path cache) throws IOException {
        this(cache, SnapshotStore::below);
    }

    /// @param store of its snapshots, made from the state directory each time that the host is opened
    private VmFixture(Path cache, StoreOf store) throws IOException {
        this.store = store;
        this.cache = cache;
        assertThat(ProcessHandle.current().info().user()).as("these tests make namespaces: run as root").hasValue("root");
        envd = envd();
        state = Files.createTempDirectory("declaw-vm-test");
        host = open();
        host.prepareTemplates(line -> {});
    }

    private LocalMicroVmHost open() throws IOException {
        return new LocalMicroVmHost(HostConfig.of(state, cache, envd, 16384), store.of(state));
    }

    private static Path envd() {
        String given = System.getenv("DECLAW_ENVD");
        if (given != null) {
            return Path.of(given);
        }
        Path binary = Path.of("target/envd").toAbsolutePath();
        Exec.run(Command.of("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary.toString(), ".")
                .withDirectory(ENVD_SOURCES)
                .withEnvironment("CGO_ENABLED", "0")
                .withEnvironment("PATH", System.getenv("PATH") + ":/usr/local/go/bin")
                .withDeadline(Duration.ofMinutes(5)));
        return binary;
    }

    /// Makes the store of a state directory.
    @FunctionalInterface
    interface StoreOf {
        SnapshotStore of(Path state) throws IOException;
    }

    /// Another machine's: with snapshots in this store.
    static VmFixture withStore(StoreOf store) throws IOException {
        return new VmFixture(Path.of(System.getenv().getOrDefault("DECLAW_CACHE", "/var/cache/declaw")), store);
    }

    /// A fixture whose cache has the disks and kernels of the shared one, but saved machines of its own, to be damaged.
    static VmFixture withCacheOfItsOwn() throws IOException {
        return withCacheOfItsOwn(SnapshotStore::below);
    }

    static VmFixture withCacheOfItsOwn(StoreOf store) throws IOException {
        Path cache = Files.createTempDirectory("declaw-vm-cache");
        try (VmFixture shared = new VmFixture()) {
            for (String kind : new String[] {"kernel", "boot", "rootfs", "accelerator.json"}) {
                Files.createSymbolicLink(cache.resolve(kind), shared.cache.resolve(kind));
            }
        }
        VmFixture fixture = new VmFixture(cache, store);
        fixture.ownsCache = true;
        return fixture;
    }

    Path cache() {
        return cache;
    }

    LocalMicroVmHost host() {
        return host;
    }

    Path state() {
        return state;
    }

    /// What a crash and a new start of the server are to the machine.
    LocalMicroVmHost restart() throws IOException {
        host.close();
        host = open();
        return host;
    }

    /// As [#restart], with VMMs that are started in advance.
    LocalMicroVmHost restartWithPrestartedVmms(int each) throws IOException {
        host.close();
        host = new LocalMicroVmHost(HostConfig.of(state, cache, envd, 16384).withPrestartedVmms(each), store.of(state));
        return host;
    }

    static SandboxId newId() {
        byte[] random = new byte[8];
        ThreadLocalRandom.current().nextBytes(random);
        return new SandboxId("sbx-" + HexFormat.of().formatHex(random));
    }

    LocalMicroVm boot() {
        return (LocalMicroVm) host.boot(newId(), host.template("base").orElseThrow());
    }

    static void identify(MicroVm vm) {
        vm.guest().init(new GuestClient.GuestIdentity(TOKEN, "sandbox", Map.of("FROM_INIT", "yes"), Optional.empty()));
    }

    record Ran(int exitCode, boolean timedOut, String stdout, String stderr) {}

    static Ran run(MicroVm vm, String user, String command) {
        return run(vm, new GuestClient.ProcessSpec(
                command, user, Optional.empty(), Map.of(), Optional.of(Duration.ofSeconds(60)), false));
    }

    static Ran run(MicroVm vm, GuestClient.ProcessSpec spec) {
        try (GuestProcess process = vm.guest().start(spec)) {
            return drain(process);
        }
    }

    static Ran drain(GuestProcess process) {
        ByteArrayOutputStream stdout = new ByteArrayOutputStream();
        ByteArrayOutputStream stderr = new ByteArrayOutputStream();
        while (true) {
            switch (process.next()) {
                case Event.Stdout(byte[] bytes) -> stdout.writeBytes(bytes);
                case Event.Stderr(byte[] bytes) -> stderr.writeBytes(bytes);
                case Event.KeepAlive _ -> {}
                case Event.Exited exited -> {
                    return new Ran(
                            exited.exitCode(),
                            exited.timedOut(),
                            stdout.toString(StandardCharsets.UTF_8),
                            stderr.toString(StandardCharsets.UTF_8));
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        host.close();
        Exec.run(Command.of("rm", "-rf", "--", state.toString()));
        if (ownsCache) {
            Exec.run(Command.of("rm", "-rf", "--", cache.toString()));
        }
    }
}
