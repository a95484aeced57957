package dev.declaw.egress.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.declaw.egress.audit.TestJvm;
import dev.declaw.egress.control.StandaloneEgress.Mode;
import dev.declaw.egress.control.StandaloneEgress.Options;
import dev.declaw.egress.tls.CertificateAuthority;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.PolicyException;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

@Timeout(60)
class StandaloneEgressTest {
    private static final String ALLOW_API = "{\"network\": {\"allow_out\": [\"api.example.test\"]}}";

    @TempDir
    Path directory;

    /// Arguments: port, policy file, audit file.
    static final class Child {
        public static void main(String[] arguments) {
            Options options = new Options(
                    Mode.REDIRECT,
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0])),
                    Path.of(arguments[1]),
                    Optional.empty(),
                    Optional.empty(),
                    List.of(),
                    Path.of(arguments[2]),
                    List.of(),
                    List.of(),
                    Options.DEFAULT_SANDBOX_ID);
            System.exit(StandaloneEgress.run(options, System.out, System.err));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | other.test | true",
                "{\"network\": {\"allow_out\": [\"api.example.test\"]}} | other.test | false",
                "{\"network\": {\"allow_out\": [\"api.example.test\"]}} | api.example.test | true",
                "{\"security\": null, \"network\": {\"deny_out\": [\"other.test\"]}} | other.test | false",
                "{\"security\": {\"network\": {\"deny_out\": [\"other.test\"]}}} | other.test | false",
                "{\"security\": {\"policy_json\": \"{\\\"network\\\": {\\\"deny_out\\\": [\\\"other.test\\\"]}}\"}} | other.test | false",
            })
    void aPolicyFileHoldsAPolicyOrBothParts(String text, String host, boolean allowed) throws IOException {
        assertThat(StandaloneEgress.readPolicy(file("policy.json", text)).network().decideName(new HostName(host)).allowed())
                .isEqualTo(allowed);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"security\": {}, \"netwrok\": {}} | netwrok",
                "{\"netwrok\": {}} | security.netwrok",
                "{\"network\": {\"allow_out\": [\"http://x\"]}} | security.network.allow_out[0]",
                "{\"security\": {}, \"network\": {\"allow_out\": [\"http://x\"]}} | network.allow_out[0]",
                "{\"security\": []} | security",
            })
    void aPolicyFileThatCannotBeAcceptedNamesItsField(String text, String field) throws IOException {
        Path file = file("policy.json", text);
        assertThatExceptionOfType(PolicyException.class)
                .isThrownBy(() -> StandaloneEgress.readPolicy(file))
                .satisfies(e -> assertThat(e.field()).isEqualTo(field));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"'' | JSON object", "[] | JSON object", "{ | not JSON", "{} {} | not JSON", "{\"a\":1,\"a\":2} | not JSON"})
    void aPolicyFileThatIsNoneIsRefused(String text, String why) throws IOException {
        Path file = file("policy.json", text);
        assertThatIllegalArgumentException().isThrownBy(() -> StandaloneEgress.readPolicy(file)).withMessageContaining(why);
    }

    @Test
    void whatCannotBeUsedEndsWithStatusTwoAndSaysWhichOption() throws IOException {
        Path policy = file("policy.json", ALLOW_API);
        Path intercepting = file("pii.json", "{\"pii\": {\"enabled\": true}}");
        Path text = file("text", "not PEM");
        assertRefused(options(directory.resolve("missing"), Optional.empty(), Optional.empty()), "--policy");
        assertRefused(options(file("bad.json", "{\"pii\": 7}"), Optional.empty(), Optional.empty()), "security.pii");
        assertRefused(options(intercepting, Optional.empty(), Optional.empty()), "--ca-cert");
        assertRefused(options(policy, Optional.of(text), Optional.empty()), "--ca-key");
        assertRefused(options(policy, Optional.of(text), Optional.of(text)), "CA");
        assertRefused(options(policy, Optional.of(directory.resolve("missing")), Optional.of(text)), "--ca-cert");
    }

    @Test
    void aListenerThatIsTakenEndsWithStatusOne() throws IOException {
        try (StandaloneEgress first = StandaloneEgress.start(
                options(file("policy.json", ALLOW_API), Optional.empty(), Optional.empty()), InstantSource.system())) {
            Options taken = withListen(options(file("policy.json", ALLOW_API), Optional.empty(), Optional.empty()),
                    first.address(), directory.resolve("other.jsonl"));
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            assertThat(StandaloneEgress.run(taken, System.out, new PrintStream(err))).isEqualTo(StandaloneEgress.EXIT_FAILED);
            assertThat(err.toString()).contains("cannot listen").hasLineCount(1);
        }
    }

    @Test
    void aPolicyThatInterceptsRunsWithItsAuthority() throws Exception {
        Path certificate = directory.resolve("ca.pem");
        Path key = directory.resolve("ca.key");
        Process openssl = new ProcessBuilder(
                        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-subj", "/CN=test", "-days", "2", "-keyout", key.toString(), "-out", certificate.toString())
                .redirectErrorStream(true)
                .start();
        openssl.getInputStream().readAllBytes();
        assertThat(openssl.waitFor()).isZero();
        assertThat(CertificateAuthority.load(Files.readString(certificate), Files.readString(key), InstantSource.system()))
                .isNotNull();
        StandaloneEgress.start(
                        options(file("pii.json", "{\"pii\": {\"enabled\": true}}"), Optional.of(certificate), Optional.of(key)),
                        InstantSource.system())
                .close();
    }

    @Test
    void questionsThatAreRedirectedToThePortAreAnswered() throws Exception {
        try (StandaloneEgress proxy = StandaloneEgress.start(
                options(file("policy.json", ALLOW_API), Optional.empty(), Optional.empty()), InstantSource.system())) {
            assertThat(ask(proxy.address(), "api.example.test.").getRcode()).isEqualTo(Rcode.NOERROR);
            assertThat(ask(proxy.address(), "evil.").getRcode()).isEqualTo(Rcode.NXDOMAIN);
        }
        assertThat(Files.readAllLines(directory.resolve("audit.jsonl")))
                .hasSize(2)
                .allSatisfy(line -> assertThat(line).contains("\"sandbox_id\":\"standalone\""));
    }

    @Test
    @Tag("B004") @Tag("B008")
    void aConnectionThatWasNotRedirectedIsReset() throws Exception {
        try (StandaloneEgress proxy = StandaloneEgress.start(
                        options(file("policy.json", ALLOW_API), Optional.empty(), Optional.empty()), InstantSource.system());
                Socket socket = new Socket()) {
            socket.connect(proxy.address());
            int read;
            try {
                read = socket.getInputStream().read();
            } catch (java.net.SocketException reset) {
                read = -1;
            }
            assertThat(read).isEqualTo(-1);
        }
    }

    @Test
    void theProcessSaysReadyAndEndsWhenItIsTold() throws Exception {
        int port = freePort();
        List<String> command = TestJvm.command(Child.class);
        command.addAll(List.of(
                Integer.toString(port),
                file("policy.json", ALLOW_API).toString(),
                directory.resolve("audit.jsonl").toString()));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader out = process.inputReader()) {
            assertThat(out.readLine()).isEqualTo("ready");
            assertThat(ask(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), "api.example.test.").getRcode())
                    .isEqualTo(Rcode.NOERROR);
            process.toHandle().destroy(); // SIGTERM
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(128 + 15);
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertThat(Files.readAllLines(directory.resolve("audit.jsonl"))).hasSize(1);
    }

    private void assertRefused(Options options, String named) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        assertThat(StandaloneEgress.run(options, new PrintStream(out), new PrintStream(err)))
                .isEqualTo(StandaloneEgress.EXIT_USAGE);
        assertThat(err.toString()).startsWith("declaw egress: ").contains(named).hasLineCount(1);
        assertThat(out.toString()).isEmpty();
    }

    private Options options(Path policy, Optional<Path> certificate, Optional<Path> key) {
        return new Options(
                Mode.REDIRECT,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), freePort()),
                policy,
                certificate,
                key,
                List.of(),
                directory.resolve("audit.jsonl"),
                List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), 9)),
                List.of(),
                Options.DEFAULT_SANDBOX_ID);
    }

    private static Options withListen(Options o, InetSocketAddress listen, Path audit) {
        return new Options(
                o.mode(), listen, o.policy(), o.caCertificate(), o.caKey(), o.upstreamCa(), audit, o.resolvers(),
                o.internalRanges(), o.sandboxId());
    }

    /// A port that is free for TCP and UDP a moment ago; another process may take it, then a test fails for that reason.
    private static int freePort() {
        try (java.net.ServerSocket tcp = new java.net.ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                DatagramSocket _ = new DatagramSocket(tcp.getLocalPort(), InetAddress.getLoopbackAddress())) {
            return tcp.getLocalPort();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Message ask(InetSocketAddress server, String name) throws IOException {
        SimpleResolver client = new SimpleResolver(server);
        client.setTimeout(java.time.Duration.ofSeconds(10));
        return client.send(Message.newQuery(Record.newRecord(Name.fromString(name), Type.A, DClass.IN)));
    }

    private Path file(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text);
    }
}
