package dev.declaw.server;

import dev.declaw.runtime.HostConfig;
import dev.declaw.runtime.SnapshotStore;
import dev.declaw.runtime.archive.MasterKeys;
import dev.declaw.runtime.objects.LocalObjects;
import dev.declaw.runtime.objects.ObjectStore;
import dev.declaw.runtime.objects.S3Objects;
import dev.declaw.server.config.ServerConfig;
import dev.declaw.server.config.StoreConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// What the server has to know of the machine and of its own installation.
final class Machine {
    private static final Path MEMORY = Path.of("/proc/meminfo"); // proc_meminfo(5)
    private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");
    private static final int EGRESS_HEAP_MIB = 768;

    private Machine() {}

    /// @throws IOException when the guest agent's binary is missing
    static HostConfig hostConfig(ServerConfig config) throws IOException {
        HostConfig host = HostConfig.of(config.home().resolve("run"), config.cache(), guestAgent(config), memoryMib())
                .withPrestartedVmms(config.limits().prestartedVmms());
        int memoryMib = config.limits().memoryMib();
        return memoryMib == 0 ? host : host.withMemoryBudget(memoryMib);
    }

    /// Where snapshots are kept: by default below the state directory, with a key of its own.
    ///
    /// @throws IOException when the file of the master keys cannot be used
    static SnapshotStore snapshotStore(ServerConfig config) throws IOException {
        StoreConfig store = config.store();
        Path directory = store.directory().orElse(config.home().resolve("store"));
        ObjectStore objects = store.bucket().isPresent()
                ? new S3Objects(store.bucket().get())
                : new LocalObjects(directory);
        boolean shared = store.bucket().isPresent() || store.directory().isPresent();
        boolean mayMake = store.bucket().isEmpty() && !Files.exists(directory);
        MasterKeys keys = MasterKeys.open(store.key().orElse(config.home().resolve("store-key")), mayMake);
        return new SnapshotStore(objects, keys, shared, store.cacheMibMax());
    }

    /// The configured envd, or the one that lies beside `lib/` in the installation.
    static Path guestAgent(ServerConfig config) throws IOException {
        Path binary = config.guestAgent().isPresent() ? config.guestAgent().get() : installed("envd");
        if (!Files.isExecutable(binary)) {
            throw new IOException("there is no guest agent at " + binary + "; set DECLAW_ENVD to the envd binary");
        }
        return binary;
    }

    private static Path installed(String name) throws IOException {
        try {
            Path library =
                    Path.of(Machine.class.getProtectionDomain().getCodeSource().getLocation().toURI());
            return library.getParent().resolveSibling(name);
        } catch (URISyntaxException e) {
            throw new IOException("the place of this program cannot be found", e);
        }
    }

    /// What clients may call this machine when they reach this listener: its name, the loopback, and the address that it listens on.
    static List<String> names(InetSocketAddress listen) throws IOException {
        Set<String> names = new LinkedHashSet<>(List.of("localhost", "127.0.0.1", "::1"));
        String host = Files.readString(HOST_NAME).strip();
        if (host.matches("[A-Za-z0-9.-]{1,253}")) names.add(host);
        if (!listen.getAddress().isAnyLocalAddress()) names.add(listen.getAddress().getHostAddress());
        return List.copyOf(names);
    }

    private static int memoryMib() throws IOException {
        for (String line : Files.readAllLines(MEMORY)) {
            if (line.startsWith("MemTotal:")) return Integer.parseInt(line.replaceAll("[^0-9]", "")) / 1024;
        }
        throw new IOException(MEMORY + " has no MemTotal");
    }

    /// How to start this program again as the egress proxy: same JDK, same options, same modules.
    static List<String> egressCommand() throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + installed("java.args"),
                "-Xmx" + EGRESS_HEAP_MIB + "m"));
        Path startCache = installed("egress.aot");
        if (Files.isReadable(startCache)) command.add("-XX:AOTCache=" + startCache);
        command.addAll(List.of(
                "--module-path",
                System.getProperty("jdk.module.path"),
                "--module",
                "dev.declaw.server/" + Main.class.getName()));
        return command;
    }
}
