package dev.declaw.egress.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.model.network.HostName;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;

/// Real sockets on the loopback: what the upstream server says is the test's.
@Timeout(30)
class DnsjavaResolverTest {
    private static final HostName API = new HostName("api.example.test");
    private static final Duration TRY_TIMEOUT = Duration.ofMillis(400);

    private final AtomicLong nanos = new AtomicLong();

    /// Answers each packet with what a function makes of it; null for silence. One UDP and one TCP socket on one port.
    private static final class FakeServer implements AutoCloseable {
        final AtomicInteger questions = new AtomicInteger();
        final AtomicInteger overTcp = new AtomicInteger();
        private final ServerSocket tcp;
        private final DatagramSocket udp;
        private final UnaryOperator<Message> answerer;

        FakeServer(UnaryOperator<Message> answerer) throws IOException {
            this.answerer = answerer;
            tcp = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
            udp = new DatagramSocket(tcp.getLocalPort(), InetAddress.getLoopbackAddress());
            Thread.ofVirtual().start(this::serveDatagrams);
            Thread.ofVirtual().start(this::serveStreams);
        }

        InetSocketAddress address() {
            return (InetSocketAddress) udp.getLocalSocketAddress();
        }

        private void serveDatagrams() {
            try {
                while (true) {
                    DatagramPacket packet = new DatagramPacket(new byte[4096], 4096);
                    udp.receive(packet);
                    questions.incrementAndGet();
                    Message answer = answerer.apply(new Message(java.util.Arrays.copyOf(packet.getData(), packet.getLength())));
                    if (answer == null) continue;
                    byte[] wire = answer.toWire();
                    udp.send(new DatagramPacket(wire, wire.length, packet.getSocketAddress()));
                }
            } catch (IOException e) {
                // closed
            }
        }

        private void serveStreams() {
            try {
                while (true) {
                    try (Socket socket = tcp.accept()) {
                        overTcp.incrementAndGet();
                        DataInputStream in = new DataInputStream(socket.getInputStream());
                        Message answer = answerer.apply(new Message(in.readNBytes(in.readUnsignedShort())));
                        answer.getHeader().unsetFlag(Flags.TC);
                        byte[] wire = answer.toWire();
                        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
                        out.writeShort(wire.length);
                        out.write(wire);
                    }
                }
            } catch (IOException e) {
                // closed
            }
        }

        @Override
        public void close() throws IOException {
            udp.close();
            tcp.close();
        }
    }

    @Test
    void theAddressesOfANameAreResolvedAndCachedForTheirTime() throws Exception {
        try (FakeServer server = new FakeServer(q -> answer(q, a("api.example.test.", 60, "192.0.2.1"), a("api.example.test.", 30, "192.0.2.2")))) {
            DnsjavaResolver resolver = resolver(server);
            for (int i = 0; i < 3; i++) {
                assertThat(resolve(resolver, API)).extracting(InetAddress::getHostAddress).containsExactly("192.0.2.1", "192.0.2.2");
            }
            assertThat(server.questions).hasValue(1);
            nanos.addAndGet(TimeUnit.SECONDS.toNanos(31));
            resolve(resolver, API);
            assertThat(server.questions).hasValue(2);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 4, 1", "0, 6, 2", "2147483647, 3599, 1", "2147483647, 3601, 2"})
    @Tag("B022")
    void theTimeToLiveIsHeldBetweenFiveSecondsAndAnHour(long ttl, long seconds, int questions) throws Exception {
        try (FakeServer server = new FakeServer(q -> answer(q, a("api.example.test.", ttl, "192.0.2.1")))) {
            DnsjavaResolver resolver = resolver(server);
            resolve(resolver, API);
            nanos.addAndGet(TimeUnit.SECONDS.toNanos(seconds));
            resolve(resolver, API);
            assertThat(server.questions).hasValue(questions);
        }
    }

    @Test
    @Tag("B015")
    void aliasesAreFollowedInsideTheAnswer() throws Exception {
        try (FakeServer server = new FakeServer(q -> answer(q,
                a("other.test.", 60, "192.0.2.66"),
                a("target.test.", 60, "192.0.2.7"),
                cname("middle.test.", "target.test."),
                cname("api.example.test.", "middle.test.")))) {
            assertThat(resolve(resolver(server), API)).extracting(InetAddress::getHostAddress).containsExactly("192.0.2.7");
        }
    }

    @ParameterizedTest
    @CsvSource({"7, true", "8, true", "9, false"})
    @Tag("B015")
    void aChainOfAliasesIsBounded(int length, boolean resolved) throws Exception {
        try (FakeServer server = new FakeServer(q -> {
            List<org.xbill.DNS.Record> records = new ArrayList<>();
            for (int i = 0; i < length; i++) {
                records.add(cname(i == 0 ? "api.example.test." : "n" + i + ".test.", "n" + (i + 1) + ".test."));
            }
            records.add(a("n" + length + ".test.", 60, "192.0.2.7"));
            return answer(q, records.toArray(org.xbill.DNS.Record[]::new));
        })) {
            if (resolved) assertThat(resolve(resolver(server), API)).hasSize(1);
            else assertFails(resolver(server), "too many aliases");
        }
    }

    @Test
    void anAliasThatPointsToItselfEnds() throws Exception {
        try (FakeServer server = new FakeServer(q -> answer(q, cname("api.example.test.", "api.example.test.")))) {
            assertFails(resolver(server), "too many aliases");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"other.test.", "xapi.example.test.", "example.test."})
    void anAddressOfAnotherNameIsNoAnswer(String name) throws Exception {
        try (FakeServer server = new FakeServer(q -> answer(q, a(name, 60, "192.0.2.66")))) {
            assertFails(resolver(server), "no IPv4 address");
        }
    }

    @Test
    void anAnswerWithTooManyAddressesIsRefused() throws Exception {
        try (FakeServer server = new FakeServer(q -> {
            List<org.xbill.DNS.Record> records = new ArrayList<>();
            for (int i = 0; i <= DnsjavaResolver.ADDRESSES_MAX; i++) records.add(a("api.example.test.", 60, "192.0.2." + i));
            return answer(q, records.toArray(org.xbill.DNS.Record[]::new));
        })) {
            assertFails(resolver(server), "too many addresses");
        }
    }

    @Test
    void aNameThatDoesNotExistIsFinalAndNotCached() throws Exception {
        try (FakeServer server = new FakeServer(q -> code(q, Rcode.NXDOMAIN))) {
            DnsjavaResolver resolver = resolver(server);
            assertFails(resolver, "does not exist");
            assertFails(resolver, "does not exist");
            assertThat(server.questions).hasValue(2);
        }
    }

    @Test
    void aServerThatFailsIsAskedASecondTimeAndThenTheNext() throws Exception {
        try (FakeServer broken = new FakeServer(q -> code(q, Rcode.SERVFAIL));
                FakeServer good = new FakeServer(q -> answer(q, a("api.example.test.", 60, "192.0.2.1")))) {
            DnsjavaResolver both = new DnsjavaResolver(List.of(broken.address(), good.address()), nanos::get, TRY_TIMEOUT);
            assertThat(resolve(both, API)).hasSize(1);
            assertThat(broken.questions).hasValue(1);
            assertFails(resolver(broken), "SERVFAIL");
            assertThat(broken.questions).hasValue(3);
        }
    }

    @Test
    void silenceEndsWithAFailure() throws Exception {
        try (FakeServer server = new FakeServer(q -> null)) {
            assertFails(resolver(server), "do not answer");
        }
    }

    @Test
    @Tag("B021")
    void aTruncatedAnswerIsAskedForOverTcp() throws Exception {
        try (FakeServer server = new FakeServer(q -> {
            Message answer = answer(q, a("api.example.test.", 60, "192.0.2.1"));
            answer.getHeader().setFlag(Flags.TC);
            return answer;
        })) {
            assertThat(resolve(resolver(server), API)).hasSize(1);
            assertThat(server.overTcp).hasValue(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"id", "question"})
    @Tag("B021")
    void anAnswerToAnotherQuestionIsNotBelieved(String wrong) throws Exception {
        try (FakeServer server = new FakeServer(q -> {
            Message forged = answer(q, a("api.example.test.", 60, "192.0.2.66"));
            if (wrong.equals("id")) {
                forged.getHeader().setID(q.getHeader().getID() ^ 1);
            } else {
                forged.removeAllRecords(Section.QUESTION);
                forged.addRecord(org.xbill.DNS.Record.newRecord(name("evil.test."), 1, DClass.IN), Section.QUESTION);
            }
            return forged;
        })) {
            assertFails(resolver(server), "do not answer");
        }
    }

    @Test
    void questionsForOneNameAtATimeAreOneAndCancellingOneDoesNotCancelTheOther() throws Exception {
        CompletableFuture<Void> gate = new CompletableFuture<>();
        try (FakeServer server = new FakeServer(q -> {
            gate.join();
            return answer(q, a("api.example.test.", 60, "192.0.2.1"));
        })) {
            DnsjavaResolver resolver = new DnsjavaResolver(List.of(server.address()), nanos::get, Duration.ofSeconds(10));
            CompletableFuture<List<InetAddress>> first = resolver.resolve(API);
            CompletableFuture<List<InetAddress>> second = resolver.resolve(API);
            first.cancel(true);
            gate.complete(null);
            assertThat(second.get(10, TimeUnit.SECONDS)).hasSize(1);
            assertThat(server.questions).hasValue(1);
        }
    }

    private DnsjavaResolver resolver(FakeServer server) {
        return new DnsjavaResolver(List.of(server.address()), nanos::get, TRY_TIMEOUT);
    }

    private static List<InetAddress> resolve(UpstreamResolver resolver, HostName name) throws Exception {
        return resolver.resolve(name).get(10, TimeUnit.SECONDS);
    }

    private static void assertFails(UpstreamResolver resolver, String why) {
        assertThatThrownBy(() -> resolve(resolver, API))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(UpstreamResolver.ResolutionException.class)
                .hasMessageContaining(why);
    }

    private static Message answer(Message question, org.xbill.DNS.Record... records) {
        Message answer = code(question, Rcode.NOERROR);
        for (org.xbill.DNS.Record record : records) answer.addRecord(record, Section.ANSWER);
        return answer;
    }

    private static Message code(Message question, int code) {
        Message answer = new Message(question.getHeader().getID());
        answer.getHeader().setFlag(Flags.QR);
        answer.getHeader().setRcode(code);
        answer.addRecord(question.getQuestion(), Section.QUESTION);
        return answer;
    }

    private static ARecord a(String name, long ttl, String address) {
        try {
            return new ARecord(name(name), DClass.IN, ttl, InetAddress.getByName(address));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static CNAMERecord cname(String name, String target) {
        return new CNAMERecord(name(name), DClass.IN, 60, name(target));
    }

    private static Name name(String text) {
        return Name.fromConstantString(text);
    }
}
