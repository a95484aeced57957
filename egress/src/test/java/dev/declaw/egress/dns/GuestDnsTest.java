package dev.declaw.egress.dns;

import dev.declaw.model.policy.VersionedPolicy;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.declaw.egress.flow.SandboxSlot;
import dev.declaw.model.audit.AuditEvent;
import dev.declaw.model.audit.AuditEvent.Attribute;
import dev.declaw.model.audit.AuditUnavailableException;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.PolicyReader;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.Socket;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

/// Real sockets on the loopback, dnsjava as the guest's resolver.
@Timeout(30)
class GuestDnsTest {
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private final List<AuditEvent> events = Collections.synchronizedList(new ArrayList<>());
    private final AtomicLong nanos = new AtomicLong();
    private volatile boolean auditWorks = true;
    private EventLoopGroup loops;
    private GuestDns dns;
    private SandboxSlot slot;
    private Channel datagrams;
    private Channel streams;

    @BeforeEach
    void serve() throws Exception {
        loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        dns = new GuestDns(this::record, InstantSource.fixed(Instant.EPOCH), nanos::get);
        serve("""
                {"allow_out": ["api.example.test", "*.wild.test", "registry"], "deny_out": ["denied.wild.test"]}""");
    }

    private void serve(String network) throws Exception {
        if (datagrams != null) datagrams.close().sync();
        if (streams != null) streams.close().sync();
        var policy = PolicyReader.read(null, JsonMapper.builder().build().readTree(network)).policy();
        slot = new SandboxSlot("sbx-0123abcd", new VersionedPolicy(3, policy), Optional.empty());
        datagrams = dns.serve(slot, ANY_PORT, loops);
        streams = new ServerBootstrap()
                .group(loops)
                .channel(EpollServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(dns.tcpHandler(slot));
                    }
                })
                .bind(ANY_PORT)
                .sync()
                .channel();
    }

    @AfterEach
    void stop() {
        datagrams.close().syncUninterruptibly();
        streams.close().syncUninterruptibly();
        loops.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS).syncUninterruptibly();
    }

    private void record(AuditEvent event) {
        if (!auditWorks) throw new AuditUnavailableException("full", null);
        events.add(event);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anAllowedNameGetsItsSyntheticAddressAgainAndAgain(boolean tcp) throws Exception {
        for (int i = 0; i < 2; i++) {
            Message answer = ask("Api.Example.test.", Type.A, tcp);
            assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
            assertThat(answer.getSection(Section.ANSWER)).hasSize(1);
            ARecord record = (ARecord) answer.getSection(Section.ANSWER).getFirst();
            assertThat(record.getAddress())
                    .isEqualTo(slot.names().addressOf(new HostName("api.example.test")).orElseThrow());
            assertThat(record.getTTL()).isBetween(1L, 60L);
        }
        assertThat(events).hasSize(2).allSatisfy(event -> {
            assertThat(event.sandboxId()).isEqualTo("sbx-0123abcd");
            assertThat(event.event()).isEqualTo("dns_query");
            assertThat(event.decision()).contains("allow");
            assertThat(event.reason()).contains("allowed_by_rule");
            assertThat(event.attributes())
                    .containsEntry(Attribute.HOST, "api.example.test")
                    .containsEntry(Attribute.PROTOCOL, tcp ? "tcp" : "udp")
                    .containsEntry(Attribute.RULE, "api.example.test")
                    .containsEntry(Attribute.POLICY_VERSION, 3L);
        });
    }

    @ParameterizedTest
    @CsvSource({
        "api.example.test., 28, NOERROR, allow, allowed_by_rule",
        "api.example.test., 65, NOERROR, deny, dns_type_refused",
        "api.example.test., 64, NOERROR, deny, dns_type_refused",
        "api.example.test., 16, REFUSED, deny, dns_type_refused",
        "api.example.test., 10, REFUSED, deny, dns_type_refused",
        "api.example.test., 255, REFUSED, deny, dns_type_refused",
        "denied.wild.test., 1, NOERROR, allow, allowed_by_rule",
        "wild.test., 12, REFUSED, deny, dns_type_refused",
        "metadata.google.internal., 1, NOERROR, deny, metadata_endpoint",
        "instance-data., 1, NXDOMAIN, deny, metadata_endpoint",
        "intranet., 1, NXDOMAIN, deny, resolution_failed",
        "registry., 1, NOERROR, allow, allowed_by_rule",
        "localhost., 1, NOERROR, allow, allowed_by_default",
        "app.localhost., 28, NOERROR, allow, allowed_by_default",
        "localhost., 16, NOERROR, deny, dns_type_refused",
        "a\\.b.wild.test., 1, REFUSED, deny, malformed_request",
        "., 1, REFUSED, deny, malformed_request",
    })
    @Tag("B020") @Tag("B021") @Tag("B130")
    void eachQuestionHasItsAnswerAndItsReason(String name, int type, String code, String decision, String reason)
            throws Exception {
        Message answer = ask(name, type, false);
        assertThat(Rcode.string(answer.getRcode())).isEqualTo(code);
        assertThat(events).hasSize(1);
        assertThat(events.getFirst().decision()).contains(decision);
        assertThat(events.getFirst().reason()).contains(reason);
    }

    @ParameterizedTest
    @CsvSource({"evil.test., not_in_allow_list", "c2FtcGxl.evil.test., not_in_allow_list", "wild.test., not_in_allow_list"})
    @Tag("B012")
    void aNameThatIsNotAllowedLeadsToItsDenial(String name, String reason) throws Exception {
        serve("""
                {"allow_out": ["api.example.test", "*.wild.test"]}""");
        assertThat(addresses(ask(name, Type.A, false))).singleElement().asString().startsWith("198.18.");
        assertThat(ask(name, Type.AAAA, false).getSection(Section.ANSWER)).isEmpty();
        assertThat(events).hasSize(2).allSatisfy(event -> {
            assertThat(event.decision()).contains("deny");
            assertThat(event.reason()).contains(reason);
        });
    }

    @Test
    void aDenialSaysWhyToAClientThatSpeaksEdns() throws Exception {
        Message answer = ask("instance-data.", Type.A, false);
        List<EDNSOption> options = answer.getOPT().getOptions();
        assertThat(options).hasSize(1);
        ExtendedErrorCodeOption error = (ExtendedErrorCodeOption) options.getFirst();
        assertThat(error.getErrorCode()).isEqualTo(ExtendedErrorCodeOption.BLOCKED);
        assertThat(error.getText()).isEqualTo("metadata_endpoint");
    }

    @Test
    void localhostIsTheGuestsOwn() throws Exception {
        assertThat(addresses(ask("localhost.", Type.A, false))).containsExactly("127.0.0.1");
        assertThat(ask("localhost.", Type.AAAA, false).getSection(Section.ANSWER).getFirst().rdataToString())
                .isEqualTo("0:0:0:0:0:0:0:1");
    }

    @Test
    void aDeadAuditLogAnswersNothingAndTakesNoName() throws Exception {
        auditWorks = false;
        Message answer = ask("api.example.test.", Type.A, false);
        assertThat(answer.getRcode()).isEqualTo(Rcode.SERVFAIL);
        assertThat(answer.getSection(Section.ANSWER)).isEmpty();
        auditWorks = true;
        assertThat(ask("api.example.test.", Type.A, false).getRcode()).isEqualTo(Rcode.NOERROR);
    }

    @Test
    void aPolicyWithoutAuditIsAnsweredWithoutEvents() throws Exception {
        var security = JsonMapper.builder().build().readTree("{\"audit\": false}");
        slot = new SandboxSlot(
                "sbx-0123abcd",
                new VersionedPolicy(1, PolicyReader.read(security, null).policy()),
                Optional.empty());
        datagrams.close().sync();
        datagrams = dns.serve(slot, ANY_PORT, loops);
        assertThat(ask("api.example.test.", Type.A, false).getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(events).isEmpty();
    }

    @Test
    @Tag("B012")
    void aFloodIsRefusedAndRecordedOnlyOnceUntilItEnds() throws Exception {
        for (int i = 0; i < QuestionBudget.QUESTIONS_BURST; i++) {
            assertThat(ask("api.example.test.", Type.A, false).getRcode()).isEqualTo(Rcode.NOERROR);
        }
        events.clear();
        for (int i = 0; i < 50; i++) {
            // Over UDP and TCP: there is one budget.
            assertThat(ask("api.example.test.", Type.A, i % 10 == 0).getRcode()).isEqualTo(Rcode.REFUSED);
        }
        assertThat(events).hasSize(1);
        assertThat(events.getFirst().reason()).contains("limit_reached");
        nanos.addAndGet(1_000_000_000L / QuestionBudget.QUESTIONS_PER_SECOND);
        assertThat(ask("api.example.test.", Type.A, false).getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(events).hasSize(3);
        assertThat(events.get(1).attributes()).containsEntry(Attribute.DETAIL, "50 questions were over the rate");
        assertThat(ask("api.example.test.", Type.A, false).getRcode()).isEqualTo(Rcode.REFUSED);
    }

    @Test
    @Tag("B133")
    void anotherSandboxHasItsOwnBudgetAndItsOwnNames() throws Exception {
        for (int i = 0; i <= QuestionBudget.QUESTIONS_BURST; i++) ask("x" + i + ".wild.test.", Type.A, false);
        assertThat(ask("x0.wild.test.", Type.A, false).getRcode()).isEqualTo(Rcode.REFUSED);
        serve("{}");
        Message answer = ask("other.test.", Type.A, false);
        assertThat(addresses(answer)).containsExactly("198.18.0.16");
    }

    @Test
    void anInheritedSocketIsServedAndClosedWithTheChannel() throws Exception {
        Socket socket = Socket.newSocketDgram();
        socket.bind(ANY_PORT);
        datagrams.close().sync();
        datagrams = dns.serve(slot, socket.intValue(), loops);
        assertThat(addresses(ask("api.example.test.", Type.A, false))).containsExactly("198.18.0.16");
        datagrams.close().sync();
        assertThat(java.nio.file.Path.of("/proc/self/fd/" + socket.intValue()).toFile().getCanonicalPath())
                .doesNotContain("socket:");
    }

    @Test
    @Tag("B021")
    void garbageIsAnsweredOrIgnoredAndDoesNotEndTheService() throws Exception {
        byte[] packet = query("api.example.test.", Type.A).toWire();
        try (java.net.DatagramSocket socket = new java.net.DatagramSocket()) {
            for (int length = 0; length < packet.length; length++) {
                byte[] part = Arrays.copyOf(packet, length);
                socket.send(new java.net.DatagramPacket(part, length, datagrams.localAddress()));
            }
        }
        assertThat(addresses(ask("api.example.test.", Type.A, false))).containsExactly("198.18.0.16");
    }

    @Test
    void questionsOverTcpAreReadWhateverTheSegments() throws Exception {
        byte[] packet = query("api.example.test.", Type.A).toWire();
        byte[] frame = new byte[packet.length + 2];
        frame[1] = (byte) packet.length;
        System.arraycopy(packet, 0, frame, 2, packet.length);
        try (java.net.Socket socket = connect()) {
            socket.setTcpNoDelay(true);
            OutputStream out = socket.getOutputStream();
            for (int cut = 0; cut <= frame.length; cut++) {
                out.write(frame, 0, cut);
                out.flush();
                out.write(frame, cut, frame.length - cut);
                assertThat(addresses(readFrame(socket))).containsExactly("198.18.0.16");
            }
            // Three at once, as RFC 7766 §6.2.1.1 allows.
            byte[] three = new byte[frame.length * 3];
            for (int i = 0; i < 3; i++) System.arraycopy(frame, 0, three, i * frame.length, frame.length);
            out.write(three);
            for (int i = 0; i < 3; i++) assertThat(readFrame(socket).getRcode()).isEqualTo(Rcode.NOERROR);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "0, 11", "255, 255"})
    void aFrameThatCanBeNoQuestionEndsTheConnection(int high, int low) throws Exception {
        try (java.net.Socket socket = connect()) {
            socket.getOutputStream().write(new byte[] {(byte) high, (byte) low, 1, 2, 3});
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
    }

    private java.net.Socket connect() throws IOException {
        java.net.Socket socket = new java.net.Socket();
        socket.connect(streams.localAddress());
        return socket;
    }

    private static Message readFrame(java.net.Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        return new Message(in.readNBytes(in.readUnsignedShort()));
    }

    private Message ask(String name, int type, boolean tcp) throws Exception {
        SimpleResolver client = new SimpleResolver(
                (InetSocketAddress) (tcp ? streams : datagrams).localAddress());
        client.setTCP(tcp);
        client.setTimeout(java.time.Duration.ofSeconds(10));
        return client.send(query(name, type));
    }

    private static Message query(String name, int type) throws Exception {
        return Message.newQuery(Record.newRecord(Name.fromString(name), type, DClass.IN));
    }

    private static List<String> addresses(Message answer) {
        return answer.getSection(Section.ANSWER).stream().map(Record::rdataToString).toList();
    }
}
