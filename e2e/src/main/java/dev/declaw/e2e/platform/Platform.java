package dev.declaw.e2e.platform;

import dev.declaw.e2e.world.Checkout;
import dev.declaw.e2e.world.World;
import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// The real server in a process of its own, started the way users start it (`./declaw run server`), with a state
/// directory of its own. It uses a [World]'s name server and trusts its authority. Not thread-safe.
public final class Platform implements AutoCloseable {
    private static final Duration READY_WITHIN = Duration.ofSeconds(60);

    private final Path home;
    private final Map<String, String> settings = new HashMap<>();
    private final int port;
    /// An interrupted run (SIGINT, SIGTERM) takes its server and its state with it.
    private final Thread interrupted = new Thread(this::stopAndForget, "platform-interrupted");

    private Process process;

    /// Starts the server and returns when it is ready.
    ///
    /// @param extra further settings, for example `DECLAW_WARM_POOL`
    public Platform(World world, Map<String, String> extra) {
        try {
            home = Files.createTempDirectory("declaw-home-");
            try (ServerSocket free = new ServerSocket(0)) {
                port = free.getLocalPort();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Path authority = home.resolve("world-ca.pem");
        world.authority().writePem(authority);
        settings.put("JAVA_HOME", System.getProperty("java.home"));
        settings.put("DECLAW_HOME", home.toString());
        settings.put("DECLAW_LISTEN", "127.0.0.1:" + port);
        settings.put("DECLAW_EGRESS_RESOLVERS", world.resolver().getAddress().getHostAddress() + ":53");
        settings.put("DECLAW_EGRESS_INTERNAL_RANGES", world.range());
        settings.put("DECLAW_EGRESS_UPSTREAM_CA", authority.toString());
        settings.putAll(extra);
        Runtime.getRuntime().addShutdownHook(interrupted);
        start();
    }

    /// Starts the server again after [#kill] or [#stop], with the same state.
    public void start() {
        try {
            Path log = log();
            Files.deleteIfExists(log);
            Command command = Command.of(Checkout.launcher().toString(), "run", "server");
            for (Map.Entry<String, String> setting : settings.entrySet()) {
                command = command.withEnvironment(setting.getKey(), setting.getValue());
            }
            process = Exec.start(command, log);
            long deadline = System.nanoTime() + READY_WITHIN.toNanos();
            while (!Files.exists(log) || Files.readString(log).lines().noneMatch(line -> line.startsWith("ready "))) {
                if (!process.isAlive() || System.nanoTime() > deadline) {
                    throw new IllegalStateException("the server did not get ready:\n" + Files.readString(log));
                }
                Thread.sleep(20);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /// `127.0.0.1:PORT`, what goes into `DECLAW_DOMAIN`.
    public String domain() {
        return "127.0.0.1:" + port;
    }

    public String apiKey() {
        try {
            return Files.readString(home.resolve("api-key")).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Api api() {
        return new Api("http://" + domain(), apiKey());
    }

    public Path home() {
        return home;
    }

    public Path log() {
        return home.resolve("server.log");
    }

    /// The server process.
    public ProcessHandle process() {
        return process.toHandle();
    }

    /// The process of the egress proxy: the server's child that runs the role `egress-worker`.
    public ProcessHandle egressProcess() {
        return process.toHandle()
                .descendants()
                .filter(child -> Platform.commandLine(child.pid()).contains("egress-worker"))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no egress process is running"));
    }

    /// Arguments of a process, separated by spaces; empty when it is gone.
    public static String commandLine(long pid) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), "cmdline")).replace('\0', ' ');
        } catch (IOException e) {
            return "";
        }
    }

    /// SIGKILL to the server, as a crash would do.
    public void kill() {
        process.destroyForcibly();
        await("the killed server to end");
    }

    /// SIGTERM, and waits for the end.
    public void stop() {
        if (process != null && process.isAlive()) {
            process.destroy();
            await("the server to stop");
        }
    }

    private void await(String what) {
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) throw new IllegalStateException("waited 60 s for " + what);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(interrupted);
        stopAndForget();
    }

    private void stopAndForget() {
        try {
            stop();
        } finally {
            try (Stream<Path> files = Files.walk(home)) {
                files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
