package dev.declaw.egress.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.declaw.egress.EgressConfigJson;
import dev.declaw.egress.audit.TestJvm;
import dev.declaw.egress.control.StandaloneEgress.Mode;
import dev.declaw.egress.control.StandaloneEgress.Options;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Section;

/// The standalone proxy as its users run it: a client in one network namespace, and in the one it is routed through
/// nftables, the proxy, an origin and a DNS server. Nothing of it is visible outside the two namespaces.
@Timeout(120)
class StandaloneNamespaceTest {
    private static final String ORIGIN = "10.99.8.1";

    private final String client = "declaw-c-" + ProcessHandle.current().pid();
    private final String router = "declaw-r-" + ProcessHandle.current().pid();

    @TempDir
    Path directory;

    private Process world;
    private BufferedReader worldOut;

    /// Origin, DNS server and proxy, in the router's namespace. Prints each request line that the origin receives.
    static final class World {
        public static void main(String[] arguments) throws IOException {
            Thread.ofPlatform().daemon().start(new Origin(new ServerSocket(80, 8, InetAddress.getByName(ORIGIN))));
            Thread.ofPlatform().daemon().start(new Names(new DatagramSocket(5353, InetAddress.getByName("127.0.0.1"))));
            Options options = new Options(
                    Mode.REDIRECT,
                    EgressConfigJson.parseHostPort("0.0.0.0:15001"),
                    Path.of(arguments[0]),
                    Optional.empty(),
                    Optional.empty(),
                    List.of(),
                    Path.of(arguments[1]),
                    List.of(EgressConfigJson.parseHostPort("127.0.0.1:5353")),
                    List.of(EgressConfigJson.parseCidr("10.99.8.0/24")),
                    "namespace");
            System.exit(StandaloneEgress.run(options, System.out, System.err));
        }
    }

    private record Origin(ServerSocket listener) implements Runnable {
        @Override
        public void run() {
            try {
                while (true) {
                    try (Socket socket = listener.accept()) {
                        BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream()));
                        System.out.println("origin: " + in.readLine());
                        for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {}
                        socket.getOutputStream().write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n".getBytes());
                    }
                }
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }

    private record Names(DatagramSocket socket) implements Runnable {
        @Override
        public void run() {
            try {
                while (true) {
                    DatagramPacket packet = new DatagramPacket(new byte[1500], 1500);
                    socket.receive(packet);
                    Message question = new Message(Arrays.copyOf(packet.getData(), packet.getLength()));
                    System.out.println("dns: " + question.getQuestion().getName());
                    Message answer = new Message(question.getHeader().getID());
                    answer.getHeader().setFlag(Flags.QR);
                    answer.addRecord(question.getQuestion(), Section.QUESTION);
                    answer.addRecord(
                            new ARecord(question.getQuestion().getName(), DClass.IN, 60, InetAddress.getByName(ORIGIN)),
                            Section.ANSWER);
                    byte[] wire = answer.toWire();
                    socket.send(new DatagramPacket(wire, wire.length, packet.getSocketAddress()));
                }
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }

    @BeforeEach
    void build() throws Exception {
        boolean able = Files.isReadable(Path.of("/etc/shadow"))
                && List.of("/usr/sbin/nft", "/usr/sbin/ip", "/usr/bin/curl", "/usr/bin/unshare").stream()
                        .allMatch(program -> Files.isExecutable(Path.of(program)));
        assumeThat(able).as("needs root, nft, ip, curl and unshare").isTrue();
        run("ip", "netns", "add", client);
        run("ip", "netns", "add", router);
        run("ip", "-n", client, "link", "add", "up0", "type", "veth", "peer", "name", "down0", "netns", router);
        run("ip", "-n", client, "address", "add", "10.99.7.2/24", "dev", "up0");
        run("ip", "-n", client, "link", "set", "up0", "up");
        run("ip", "-n", client, "route", "add", "default", "via", "10.99.7.1", "onlink", "dev", "up0");
        run("ip", "-n", router, "address", "add", "10.99.7.1/24", "dev", "down0");
        run("ip", "-n", router, "link", "set", "down0", "up");
        run("ip", "-n", router, "link", "set", "lo", "up");
        run("ip", "-n", router, "address", "add", ORIGIN + "/32", "dev", "lo");
        Path rules = Files.writeString(directory.resolve("rules.nft"), """
                table ip proxy {
                  chain pre {
                    type nat hook prerouting priority -100; policy accept;
                    iifname "down0" meta l4proto tcp redirect to :15001
                    iifname "down0" udp dport 53 redirect to :15001
                  }
                }
                """);
        run("ip", "netns", "exec", router, "nft", "-f", rules.toString());
        Files.writeString(directory.resolve("resolv.conf"), "nameserver 192.0.2.53\n");
        Files.writeString(directory.resolve("policy.json"), "{\"network\": {\"allow_out\": [\"api.example.test\"]}}");
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", router));
        command.addAll(TestJvm.command(World.class));
        command.addAll(List.of(
                directory.resolve("policy.json").toString(),
                directory.resolve("audit.jsonl").toString()));
        world = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        worldOut = world.inputReader();
        assertThat(worldOut.readLine()).isEqualTo("ready");
    }

    @AfterEach
    void remove() throws Exception {
        if (world != null) world.destroyForcibly().waitFor();
        for (String namespace : List.of(client, router)) {
            new ProcessBuilder("ip", "netns", "del", namespace)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        }
    }

    @Test
    void curlReachesWhatThePolicyAllowsAndNothingElse() throws Exception {
        assertThat(curl("http://api.example.test/allowed")).isEqualTo("0 hello");
        assertThat(worldOut.readLine()).isEqualTo("dns: api.example.test.");
        assertThat(worldOut.readLine()).isEqualTo("origin: GET /allowed HTTP/1.1");

        // The denied name leads to its denial in words, and no DNS server was asked.
        assertThat(curl("http://secret-data.evil.test/")).startsWith("0 ").contains("not_in_allow_list");
        assertThat(curl("http://" + ORIGIN + "/literal")).doesNotContain("hello");
        assertThat(curl("--resolve", "evil.test:80:" + ORIGIN, "http://evil.test/pinned")).doesNotContain("hello");
        assertThat(curl("http://169.254.169.254/latest/meta-data/")).doesNotContain("hello");

        assertThat(curl("http://api.example.test/again")).isEqualTo("0 hello");
        assertThat(worldOut.readLine()).as("nothing reached the world in between").isEqualTo("origin: GET /again HTTP/1.1");

        String audit = Files.readString(directory.resolve("audit.jsonl"));
        assertThat(audit).contains("\"host\":\"secret-data.evil.test\"").contains("\"reason\":\"metadata_endpoint\"");
        assertThat(audit.lines()).allSatisfy(line -> assertThat(line).contains("\"sandbox_id\":\"namespace\""));
    }

    /// Exit status and body of a curl in the client's namespace, whose resolver is an address nobody has.
    private String curl(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                "ip", "netns", "exec", client, "unshare", "-m", "sh", "-c",
                "mount --bind \"$0\" /etc/resolv.conf && exec curl -sS --max-time 20 --noproxy '*' \"$@\" 2>/dev/null",
                directory.resolve("resolv.conf").toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String body = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return process.exitValue() + " " + body.strip();
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as("%s: %s", String.join(" ", command), output).isZero();
    }
}
