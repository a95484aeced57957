package dev.declaw.egress.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.egress.EgressConfig;
import dev.declaw.egress.audit.AuditSpoolReader;
import dev.declaw.egress.audit.TestJvm;
import dev.declaw.egress.control.EgressProxy.OpenedSlot;
import dev.declaw.egress.control.EgressProxy.SlotRequest;
import dev.declaw.model.audit.AuditEvent;
import dev.declaw.model.policy.PolicyException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

/// The proxy process as the server runs it: its own JVM, unprivileged, a slot's real sockets handed over.
@Timeout(120)
class EgressProcessTest {
    private static final EgressConfig CONFIG =
            new EgressConfig(List.of(), List.of(), List.of(), EgressConfig.Limits.DEFAULT);

    @TempDir
    static Path directory;

    private static final BlockingQueue<Long> RESTARTS = new LinkedBlockingQueue<>();
    private static SupervisedEgressProxy proxy;

    private TestSockets sockets;
    private String sandboxId;

    static final class Child {
        public static void main(String[] arguments) {
            EgressProcess.run(List.of(arguments));
        }
    }

    @BeforeAll
    static void start() {
        assumeThat(Files.isReadable(Path.of("/etc/shadow"))).as("needs root").isTrue();
        EgressProcess.Arguments arguments = new EgressProcess.Arguments(
                directory.resolve("control"), EgressProcess.DEFAULT_UID, EgressProcess.DEFAULT_UID, CONFIG, Optional.empty());
        List<String> command = TestJvm.command(Child.class);
        command.addAll(arguments.toCommandLine());
        proxy = SupervisedEgressProxy.start(
                new SupervisedEgressProxy.Settings(
                        command,
                        directory.resolve("control"),
                        directory.resolve("spool"),
                        EgressProcess.DEFAULT_UID,
                        EgressProcess.DEFAULT_UID),
                restarted -> RESTARTS.add(((SupervisedEgressProxy) restarted).pid().orElseThrow()));
    }

    @AfterAll
    static void stop() {
        if (proxy != null) proxy.close();
    }

    @BeforeEach
    void makeSockets(TestInfo test) throws IOException {
        sockets = new TestSockets();
        sandboxId = "sbx-" + Integer.toHexString(test.getDisplayName().hashCode());
    }

    @AfterEach
    void closeSlot() throws IOException {
        proxy.close(sandboxId);
        sockets.close();
    }

    @Test
    void aSlotIsServedByItsPolicyAndItsDecisionsReachTheSpool() throws Exception {
        OpenedSlot opened = proxy.open(request("{\"pii\": {\"enabled\": true}}", "{\"allow_out\": [\"api.example.test\"]}"), sockets.slot());

        X509Certificate authority = (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(opened.caPem().orElseThrow().getBytes()));
        assertThat(authority.getBasicConstraints()).isNotNegative();
        assertThat(ask("api.example.test.").getSection(Section.ANSWER).getFirst().rdataToString()).startsWith("198.18.");
        assertThat(ask("evil.").getRcode()).isEqualTo(Rcode.NXDOMAIN);
        // The socket's own address stands for the destination: a loopback address, which no rule opens.
        assertThat(endOfConnection()).isEqualTo(-1);

        assertThat(awaitEvents(3)).extracting(AuditEvent::event, e -> e.reason().orElse(""), AuditEvent::sandboxId).startsWith(
                org.assertj.core.groups.Tuple.tuple("dns_query", "allowed_by_rule", sandboxId),
                org.assertj.core.groups.Tuple.tuple("dns_query", "not_in_allow_list", sandboxId));
        assertThat(Files.getAttribute(directory.resolve("spool"), "unix:uid")).isEqualTo(EgressProcess.DEFAULT_UID);
    }

    @Test
    void aPolicyThatInterceptsNothingHasNoAuthority() {
        assertThat(proxy.open(request("null", "null"), sockets.slot()).caPem()).isEmpty();
    }

    @Test
    void modelsAreReadAfterRootWasGivenUpAndAPolicyIsReplaced() {
        assertThat(proxy.open(request("null", "null"), sockets.slot()).caPem()).isEmpty();
        String models = "{\"injection_defense\": {\"enabled\": true, \"domains\": [\"*\"]}, \"toxicity\": {\"enabled\": true}}";
        assertThat(proxy.update(request(models, "null")).caPem()).as("the first policy that reads").isPresent();
        assertThat(proxy.update(request(models, "{\"deny_out\": [\"*\"]}")).caPem()).as("the same authority").isEmpty();
        assertThatExceptionOfType(PolicyException.class)
                .isThrownBy(() -> proxy.update(request("null", "{\"allow_out\": [\"http://x\"]}")))
                .satisfies(e -> assertThat(e.field()).isEqualTo("network.allow_out[0]"));
    }

    @Test
    void aPolicyThatIsRefusedServesNothing() throws Exception {
        assertThatExceptionOfType(PolicyException.class)
                .isThrownBy(() -> proxy.open(request("null", "{\"allow_out\": [\"http://x\"]}"), sockets.slot()))
                .satisfies(e -> assertThat(e.field()).isEqualTo("network.allow_out[0]"));
        assertUnanswered();
        proxy.open(request("null", "null"), sockets.slot());
        assertThat(ask("api.example.test.").getRcode()).isEqualTo(Rcode.NOERROR);
    }

    @Test
    void aClosedSlotIsServedNoMore() throws Exception {
        proxy.open(request("null", "null"), sockets.slot());
        try (Socket open = new Socket()) {
            open.connect(sockets.tcpAddress());
            assertThat(ask("api.example.test.").getRcode()).isEqualTo(Rcode.NOERROR);
            proxy.close(sandboxId);
            assertThat(open.getInputStream().read()).isEqualTo(-1);
        }
        assertUnanswered();
        proxy.close(sandboxId);
    }

    @Test
    void aSandboxIsServedOnlyOnce() {
        proxy.open(request("null", "null"), sockets.slot());
        assertThatExceptionOfType(dev.declaw.model.failure.PlatformFailure.InternalFailure.class)
                .isThrownBy(() -> proxy.open(request("null", "null"), sockets.slot()));
    }

    @Test
    @Tag("B125")
    void afterAKillNothingIsServedUntilTheServerOpensTheSlotAgain() throws Exception {
        proxy.open(request("null", "null"), sockets.slot());
        assertThat(ask("api.example.test.").getRcode()).isEqualTo(Rcode.NOERROR);
        ProcessHandle.of(proxy.pid().orElseThrow()).orElseThrow().destroyForcibly();
        assertThat(RESTARTS.poll(30, TimeUnit.SECONDS)).isNotNull();
        assertUnanswered();
        proxy.open(request("null", "null"), sockets.slot());
        assertThat(ask("api.example.test.").getRcode()).isEqualTo(Rcode.NOERROR);
        // Of both processes; the question in between waited in the socket.
        assertThat(awaitEvents(3)).hasSize(3).allSatisfy(e -> assertThat(e.event()).isEqualTo("dns_query"));
    }

    @Test
    void theArgumentsAreReadAsTheyWereWritten() {
        EgressProcess.Arguments arguments = new EgressProcess.Arguments(Path.of("/run/declaw/control"), 7, 8, CONFIG, Optional.of("declaw-policyd-1"));
        assertThat(EgressProcess.Arguments.parse(arguments.toCommandLine())).isEqualTo(arguments);
        assertThatIllegalArgumentException().isThrownBy(() -> EgressProcess.Arguments.parse(List.of()));
        assertThatIllegalArgumentException().isThrownBy(() -> EgressProcess.Arguments.parse(List.of("--help")));
        assertThatIllegalArgumentException().isThrownBy(() -> new EgressProcess.Arguments(Path.of("x"), 0, 8, CONFIG, Optional.empty()));
    }

    private SlotRequest request(String security, String network) {
        try {
            JsonNode securityNode = ControlMessage.JSON.readTree(security);
            JsonNode networkNode = ControlMessage.JSON.readTree(network);
            return new SlotRequest(
                    sandboxId,
                    1,
                    securityNode.isNull() ? null : securityNode,
                    networkNode.isNull() ? null : networkNode);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private Message ask(String name) throws IOException {
        return resolver(Duration.ofSeconds(10)).send(question(name));
    }

    private void assertUnanswered() throws IOException {
        // Leftovers of an earlier question must not be taken for an answer: each question has a socket of its own.
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> resolver(Duration.ofMillis(300)).send(question("api.example.test.")));
    }

    private SimpleResolver resolver(Duration timeout) {
        SimpleResolver resolver = new SimpleResolver(sockets.dnsAddress());
        resolver.setTimeout(timeout);
        return resolver;
    }

    private static Message question(String name) throws IOException {
        return Message.newQuery(Record.newRecord(Name.fromString(name), Type.A, DClass.IN));
    }

    private int endOfConnection() throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(sockets.tcpAddress());
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".getBytes());
            socket.getInputStream().readAllBytes();
            return socket.getInputStream().read();
        } catch (java.net.SocketException reset) {
            return -1;
        }
    }

    private List<AuditEvent> awaitEvents(int count) throws IOException {
        while (true) {
            List<AuditEvent> events = new java.util.ArrayList<>();
            AuditSpoolReader reader = new AuditSpoolReader(directory.resolve("spool"));
            AuditSpoolReader.Position position = AuditSpoolReader.Position.START;
            for (var batch = reader.poll(position, 100); !batch.next().equals(position); batch = reader.poll(position, 100)) {
                batch.events().stream().filter(event -> event.sandboxId().equals(sandboxId)).forEach(events::add);
                position = batch.next();
            }
            if (events.size() >= count) return events;
            Thread.onSpinWait();
        }
    }
}
