package dev.declaw.server;

import dev.declaw.runtime.HostConfig;
import dev.declaw.server.config.ServerConfig;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// What the server has to know of the machine and of its own installation.
final class Machine {
    private static final Path MEMORY = Path.of("/proc/meminfo"); // proc_meminfo(5)
    private static final int EGRESS_HEAP_MIB = 768;
    private static final String NATIVE_MODULES =
            "dev.declaw.linux,io.netty.common,io.netty.transport.classes.epoll,io.netty.tcnative.classes.openssl,"
                    + "com.github.luben.zstd_jni,com.aayushatharva.brotli4j";

    private Machine() {}

    /// @throws IOException when the guest agent's binary is missing
    static HostConfig hostConfig(ServerConfig config) throws IOException {
        return HostConfig.of(config.home().resolve("sandboxes"), config.cache(), guestAgent(config), memoryMib());
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

    private static int memoryMib() throws IOException {
        for (String line : Files.readAllLines(MEMORY)) {
            if (line.startsWith("MemTotal:")) return Integer.parseInt(line.replaceAll("[^0-9]", "")) / 1024;
        }
        throw new IOException(MEMORY + " has no MemTotal");
    }

    /// How to start this program again in another role: same JDK, same module path or class path, from any directory.
    static List<String> javaCommand() {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx" + EGRESS_HEAP_MIB + "m",
                "-XX:+ExitOnOutOfMemoryError",
                "-Djava.awt.headless=true"));
        String modules = System.getProperty("jdk.module.path");
        if (modules != null) {
            command.add("--enable-native-access=" + NATIVE_MODULES);
            command.addAll(List.of("--module-path", absolute(modules)));
            command.addAll(List.of("--module", "dev.declaw.server/" + Main.class.getName()));
        } else {
            command.add("--enable-native-access=ALL-UNNAMED");
            command.addAll(List.of("-cp", absolute(System.getProperty("java.class.path")), Main.class.getName()));
        }
        return command;
    }

    private static String absolute(String path) {
        return Arrays.stream(path.split(File.pathSeparator))
                .map(part -> Path.of(part).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
    }
}
