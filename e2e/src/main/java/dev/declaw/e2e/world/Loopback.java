package dev.declaw.e2e.world;

import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import dev.declaw.linux.NetworkNamespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/// A namespace with nothing but its loopback, in it the standalone proxy in redirect mode: what a client sends to
/// 127.0.0.2:443 is redirected to the proxy, which dials the origin on 127.0.0.3:443. Needs root. Not thread-safe.
public final class Loopback implements AutoCloseable {
    private static final String NAME = "api.example.test";
    private static final Duration READY_WITHIN = Duration.ofSeconds(60);
    private static final int STOPPED_WITHIN_SECONDS = 60; // a JVM that records an AOT cache writes it now

    private final Deque<AutoCloseable> releases = new ArrayDeque<>();
    private final NetworkNamespace namespace = new NetworkNamespace("declaw-loopback-" + ProcessHandle.current().pid());
    private final Authority origins = new Authority("Origins on loopback");
    private final Path folder;
    private final Process proxy;
    private final SSLContext client;

    /// @param policy policy file of the proxy, `{"security": …, "network": …}`
    public Loopback(String policy) throws IOException {
        this(policy, Map.of());
    }

    /// @param environment further variables of the proxy's process, such as `DECLAW_JVM_OPTIONS`
    public Loopback(String policy, Map<String, String> environment) throws IOException {
        namespace.create();
        releases.push(namespace::delete);
        try {
            folder = Files.createTempDirectory("declaw-loopback-");
            releases.push(() -> delete(folder));
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            run("ip", "link", "set", "lo", "up");
            Exec.run(Command.of("nft", "-f", "-")
                    .withStdin(
                            """
                            table ip bench {
                              chain out {
                                type nat hook output priority -100;
                                ip daddr 127.0.0.2 tcp dport 443 redirect to :15443
                              }
                            }
                            """)
                    .in(namespace));
            NameServer names = new NameServer(namespace.call(() -> new DatagramSocket(new InetSocketAddress(address(3), 53))));
            releases.push(names);
            names.answer(NAME, () -> List.of(address(3)));
            Path policyFile = Files.writeString(folder.resolve("policy.json"), policy);
            Path upstream = folder.resolve("upstream.pem");
            origins.writePem(upstream);
            Authority sandbox = new Authority("Sandbox on loopback");
            sandbox.writePem(folder.resolve("ca.pem"));
            sandbox.writeKeyPem(folder.resolve("ca-key.pem"));
            Path log = folder.resolve("proxy.log");
            Command command = Command.of(
                            Checkout.launcher().toString(), "egress",
                            "--mode", "redirect",
                            "--listen", "127.0.0.1:15443",
                            "--policy", policyFile.toString(),
                            "--ca-cert", folder.resolve("ca.pem").toString(),
                            "--ca-key", folder.resolve("ca-key.pem").toString(),
                            "--upstream-ca", upstream.toString(),
                            "--audit", folder.resolve("audit.jsonl").toString(),
                            "--resolver", "127.0.0.3:53",
                            "--internal-range", "127.0.0.0/8")
                    .in(namespace);
            for (Map.Entry<String, String> variable : environment.entrySet()) {
                command = command.withEnvironment(variable.getKey(), variable.getValue());
            }
            proxy = Exec.start(command, log);
            releases.push(this::stopProxy);
            awaitReady(log);
            client = trustingEverything();
        } catch (IOException | RuntimeException | Error failure) {
            close();
            throw failure;
        }
    }

    public Process proxy() {
        return proxy;
    }

    /// Where certificates, configurations and logs are; readable by every user.
    public Path folder() {
        return folder;
    }

    /// Starts a program in the namespace; it ends with it.
    ///
    /// @param log gets what it prints
    public Process start(Command command, Path log) {
        Process process = Exec.start(command.in(namespace), log);
        releases.push(() -> {
            process.destroy();
            if (!process.waitFor(10, java.util.concurrent.TimeUnit.SECONDS)) process.destroyForcibly();
        });
        return process;
    }

    /// Runs a program in the namespace to its end.
    public Exec.Output run(Command command) {
        return Exec.run(command.in(namespace));
    }

    /// Hands connections to 127.0.0.`last`:443 to a proxy on a port of loopback, but for those of the proxy's own user.
    public void redirect(int last, int port, String exceptUser) {
        run("nft", "add", "rule", "ip", "bench", "out", "ip", "daddr", "127.0.0." + last, "tcp", "dport", "443",
                "meta", "skuid", "!=", exceptUser, "redirect", "to", ":" + port);
    }

    /// A listener for an origin with a certificate of the name, on every address.
    public ServerSocket listen() throws IOException {
        SSLContext context = origins.contextFor(NAME);
        return namespace.call(() -> context.getServerSocketFactory().createServerSocket(443, 512));
    }

    /// The origin behind the proxy.
    public Origin origin(Function<Received, Received.Answer> answers) throws IOException {
        SSLContext context = origins.contextFor(NAME);
        Origin origin = new Origin(
                NAME, namespace.call(() -> context.getServerSocketFactory().createServerSocket(443, 50, address(3))), answers);
        releases.push(origin);
        return origin;
    }

    /// A TLS connection to the origin, through the proxy or straight.
    public SSLSocket connect(boolean throughProxy) throws IOException {
        return connect(throughProxy ? 2 : 3);
    }

    /// A TLS connection to 127.0.0.`last`.
    public SSLSocket connect(int last) throws IOException {
        Socket plain = namespace.call(() -> new Socket(address(last), 443));
        plain.setTcpNoDelay(true);
        SSLSocket socket = (SSLSocket) client.getSocketFactory().createSocket(plain, NAME, 443, true);
        socket.startHandshake();
        return socket;
    }

    private void run(String... arguments) {
        Exec.run(Command.of(arguments).in(namespace));
    }

    private void awaitReady(Path log) throws IOException {
        long deadline = System.nanoTime() + READY_WITHIN.toNanos();
        while (Files.readString(log).lines().noneMatch(line -> line.startsWith("ready"))) {
            if (!proxy.isAlive() || System.nanoTime() > deadline) {
                throw new IllegalStateException("the proxy did not get ready:\n" + Files.readString(log));
            }
            try {
                Thread.sleep(10);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(e);
            }
        }
    }

    private void stopProxy() throws InterruptedException {
        proxy.destroy();
        if (!proxy.waitFor(STOPPED_WITHIN_SECONDS, TimeUnit.SECONDS)) proxy.destroyForcibly();
    }

    private static InetAddress address(int last) {
        try {
            return InetAddress.getByAddress(new byte[] {127, 0, 0, (byte) last});
        } catch (java.net.UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    /// A bench measures, it does not verify; the tests do.
    private static SSLContext trustingEverything() throws IOException {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    null,
                    new TrustManager[] {
                        new X509TrustManager() {
                            @Override
                            public void checkClientTrusted(X509Certificate[] chain, String type) {}

                            @Override
                            public void checkServerTrusted(X509Certificate[] chain, String type) {}

                            @Override
                            public X509Certificate[] getAcceptedIssuers() {
                                return new X509Certificate[0];
                            }
                        }
                    },
                    null);
            return context;
        } catch (java.security.GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            files.sorted(java.util.Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        }
    }

    @Override
    public void close() {
        while (!releases.isEmpty()) {
            try {
                releases.pop().close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
