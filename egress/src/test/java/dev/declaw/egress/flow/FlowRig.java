package dev.declaw.egress.flow;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.egress.EgressConfig;
import dev.declaw.egress.credential.CredentialReader;
import dev.declaw.egress.credential.CredentialSet;
import dev.declaw.egress.custom.CustomGates;
import dev.declaw.egress.dns.UpstreamResolver;
import dev.declaw.model.policy.VersionedPolicy;
import dev.declaw.egress.tls.CertificateAuthority;
import dev.declaw.egress.tls.TestTls;
import dev.declaw.model.audit.AuditEvent;
import dev.declaw.model.audit.AuditUnavailableException;
import dev.declaw.model.network.Cidr;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.PolicyReader;
import dev.declaw.model.policy.SecurityPolicy;
import dev.declaw.model.scan.ContentScanners;
import dev.declaw.rego.PolicyEngine;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/// The engine on loopback with a scripted resolver and an audit sink in memory. Where a connection was meant to go is what
/// the test says, as a firewall would.
final class FlowRig implements AutoCloseable {
    static final EgressConfig.Limits LIMITS =
            new EgressConfig.Limits(32 * 1024, 100, 1024 * 1024, 64, 1_500, 5_000, 2_000, 8);

    /// Engines are shared by the tests of one JVM, one for each set of limits: reading the roots takes longer than a test.
    private static final Map<Setting, Shared> ENGINES = new ConcurrentHashMap<>();

    private record Setting(EgressConfig.Limits limits, Optional<InetSocketAddress> parent, long screeningMillisMax) {}

    private static final long SCREENING_MILLIS_MAX = 30_000;

    static final TestTls ORIGIN_TLS = new TestTls();
    private static final AtomicInteger SANDBOXES = new AtomicInteger();

    /// The policy service, where a test has started one.
    static volatile Optional<PolicyEngine> policies = Optional.empty();

    final TestTls originTls = ORIGIN_TLS;
    final Map<String, List<InetAddress>> names = new ConcurrentHashMap<>();
    final SandboxSlot slot;
    private final List<AuditEvent> events = new ArrayList<>();
    private final Channel listener;
    private final Shared shared;
    private volatile InetSocketAddress destination;
    volatile boolean auditBroken;

    private static final class Shared {
        private final Map<String, FlowRig> rigs = new ConcurrentHashMap<>();
        private final ProxyEngine engine;
        private volatile FlowRig current;

        Shared(Setting setting) {
            try {
                Path folder = Files.createTempDirectory("flow");
                Path root = ORIGIN_TLS.writeRoot(folder);
                EgressConfig config = new EgressConfig(
                        List.of(), List.of(Cidr.parse("127.0.0.0/8").orElseThrow()), List.of(root), setting.limits(), setting.parent());
                engine = new ProxyEngine(
                        config,
                        new MultiThreadIoEventLoopGroup(1, Thread.ofPlatform().daemon().name("flowloop").factory(), EpollIoHandler.newFactory()),
                        name -> current.resolve(name),
                        event -> rigs.get(event.sandboxId()).record(event),
                        _ -> new ChannelInboundHandlerAdapter(),
                        InstantSource.system(),
                        setting.screeningMillisMax);
                Files.delete(root);
                Files.delete(folder);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    FlowRig(String security, String network) throws IOException {
        this(security, network, LIMITS);
    }

    FlowRig(String security, String network, EgressConfig.Limits limits) throws IOException {
        this(security, network, "null", limits, Optional.empty(), ContentScanners.installed(), SCREENING_MILLIS_MAX);
    }

    /// @param parent proxy through which the engine connects
    FlowRig(String security, String network, EgressConfig.Limits limits, Optional<InetSocketAddress> parent)
            throws IOException {
        this(security, network, "null", limits, parent, ContentScanners.installed(), SCREENING_MILLIS_MAX);
    }

    /// With credentials as a control message has them.
    FlowRig(String security, String network, String credentials) throws IOException {
        this(security, network, credentials, LIMITS, Optional.empty(), ContentScanners.installed(), SCREENING_MILLIS_MAX);
    }

    /// With scanners of the test's own.
    FlowRig(String security, String network, ContentScanners scanners, long screeningMillisMax) throws IOException {
        this(security, network, "null", LIMITS, Optional.empty(), scanners, screeningMillisMax);
    }

    private FlowRig(
            String security,
            String network,
            String credentials,
            EgressConfig.Limits limits,
            Optional<InetSocketAddress> parent,
            ContentScanners scanners,
            long screeningMillisMax)
            throws IOException {
        ObjectMapper json = new ObjectMapper();
        SecurityPolicy policy = PolicyReader.read(
                        security == null ? null : json.readTree(security), network == null ? null : json.readTree(network))
                .policy();
        String sandboxId = "sbx-%08d".formatted(SANDBOXES.incrementAndGet());
        CredentialSet brokered = CredentialReader.read(json.readTree(credentials));
        VersionedPolicy versioned = new VersionedPolicy(7, policy, brokered.hosts());
        Optional<CertificateAuthority> authority = versioned.needsCertificateAuthority()
                ? Optional.of(CertificateAuthority.create(sandboxId, InstantSource.system()))
                : Optional.empty();
        slot = new SandboxSlot(sandboxId, versioned, brokered, CustomGates.compile(policy, policies), authority, scanners);
        shared = ENGINES.computeIfAbsent(new Setting(limits, parent, screeningMillisMax), Shared::new);
        shared.rigs.put(sandboxId, this);
        shared.current = this;
        listener = shared.engine.serveRedirected(
                slot, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), _ -> {
                    if (destination == null) throw new IllegalStateException("the firewall does not know");
                    return destination;
                });
    }

    private CompletableFuture<List<InetAddress>> resolve(HostName name) {
        List<InetAddress> addresses = names.get(name.value());
        return addresses == null
                ? CompletableFuture.failedFuture(new UpstreamResolver.ResolutionException("no such name"))
                : CompletableFuture.completedFuture(addresses);
    }

    private void record(AuditEvent event) {
        synchronized (events) {
            if (auditBroken) throw new AuditUnavailableException("full", null);
            events.add(event);
            events.notifyAll();
        }
    }

    int proxyPort() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /// Connects as the guest would after it resolved the name with us. The name resolves to loopback upstream.
    Socket toName(String name, int port) throws IOException {
        shared.current = this;
        names.putIfAbsent(name, List.of(InetAddress.getLoopbackAddress()));
        return toAddress(slot.names().addressOf(new HostName(name)).orElseThrow(), port);
    }

    Socket toAddress(InetAddress address, int port) throws IOException {
        destination = new InetSocketAddress(address, port);
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), proxyPort());
        socket.setSoTimeout(8_000);
        return socket;
    }

    /// Connects where the firewall cannot tell any more where the guest meant to go.
    Socket toNowhere() throws IOException {
        destination = null;
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), proxyPort());
        socket.setSoTimeout(8_000);
        return socket;
    }

    /// TLS to a name, trusting what the sandbox trusts.
    SSLSocket tlsToName(String name, int port) throws IOException {
        return tls(toName(name, port), name, slot.authority().orElseThrow().certificate());
    }

    static SSLSocket tls(Socket socket, String sni, java.security.cert.X509Certificate root, String... alpn)
            throws IOException {
        SSLSocket tls = (SSLSocket) TestTls.clientTrusting(root)
                .getSocketFactory()
                .createSocket(socket, sni, socket.getPort(), true);
        SSLParameters parameters = tls.getSSLParameters();
        parameters.setServerNames(List.of(new SNIHostName(sni)));
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        if (alpn.length > 0) parameters.setApplicationProtocols(alpn);
        tls.setSSLParameters(parameters);
        tls.startHandshake();
        return tls;
    }

    /// HTTP/2 inside TLS to a name.
    Http2Peer http2ToName(String name, int port) throws IOException {
        SSLSocket socket = tls(toName(name, port), name, slot.authority().orElseThrow().certificate(), "h2");
        if (!socket.getApplicationProtocol().equals("h2")) throw new IOException("no h2: " + socket.getApplicationProtocol());
        return new Http2Peer(socket.getInputStream(), socket.getOutputStream(), true);
    }

    static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().flush();
    }

    /// Reads one response with a Content-Length or in chunks; what there is when the connection ends before.
    static String readResponse(Socket socket) throws IOException {
        InputStream in = socket.getInputStream();
        StringBuilder text = new StringBuilder();
        while (text.indexOf("\r\n\r\n") < 0) {
            int b = in.read();
            if (b < 0) return text.toString();
            text.append((char) b);
        }
        int length = text.indexOf("Content-Length: ");
        if (length >= 0) {
            int bytes = Integer.parseInt(text.substring(length + 16, text.indexOf("\r", length)));
            for (int i = 0; i < bytes; i++) {
                int b = in.read();
                if (b < 0) break;
                text.append((char) b);
            }
        } else if (text.indexOf("Transfer-Encoding: chunked") >= 0) {
            while (!text.toString().endsWith("0\r\n\r\n")) {
                int b = in.read();
                if (b < 0) break;
                text.append((char) b);
            }
        }
        return text.toString();
    }

    /// Everything until the proxy closes; a reset ends it too.
    static String readAll(Socket socket) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            socket.getInputStream().transferTo(out);
        } catch (IOException e) {
            out.writeBytes("<reset>".getBytes(StandardCharsets.US_ASCII));
        }
        return out.toString(StandardCharsets.ISO_8859_1);
    }

    /// Waits for an event that fits; fails after five seconds.
    AuditEvent await(Predicate<AuditEvent> wanted) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
        synchronized (events) {
            while (true) {
                for (AuditEvent event : events) if (wanted.test(event)) return event;
                long left = end - System.nanoTime();
                if (left <= 0) throw new AssertionError("no such event among " + events);
                TimeUnit.NANOSECONDS.timedWait(events, left);
            }
        }
    }

    AuditEvent awaitBlocked(String reason) throws InterruptedException {
        return await(event -> event.event().equals("egress_blocked") && event.reason().equals(Optional.of(reason)));
    }

    List<AuditEvent> events() {
        synchronized (events) {
            return List.copyOf(events);
        }
    }

    /// Waits until something holds that no event tells of; fails after five seconds.
    static void eventually(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) throw new AssertionError("it never came true");
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Override
    public void close() {
        slot.close();
    }
}
