package dev.declaw.egress.dns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.egress.dns.DnsQuestion.Reading;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class DnsQuestionTest {
    private static final String HEADER = "1234 0100 0001 0000 0000 0000";
    private static final String EXAMPLE = "07 6578616d706c65 04 74657374 00";
    private static final String A_IN = "0001 0001";
    private static final String OPT = "00 0029 04d0 00000000 0000";

    @Test
    void aStubResolversQuestionIsRead() throws Exception {
        Message message = query("API.Example.test.", Type.AAAA);
        message.addRecord(new OPTRecord(1232, 0, 0), Section.ADDITIONAL);
        DnsQuestion question = asked(message.toWire());
        assertThat(question.id()).isEqualTo(message.getHeader().getID());
        assertThat(question.recursionDesired()).isTrue();
        assertThat(question.name().orElseThrow().value()).isEqualTo("api.example.test");
        assertThat(question.type()).isEqualTo(DnsQuestion.TYPE_AAAA);
        assertThat(question.edns()).isTrue();
        assertThat(new String(question.section())).contains("Example");
    }

    @Test
    void aQuestionWithoutEdnsIsRead() {
        DnsQuestion question = asked(bytes(HEADER + EXAMPLE + A_IN));
        assertThat(question.edns()).isFalse();
        assertThat(question.name().orElseThrow().value()).isEqualTo("example.test");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void aMalformedPacketGetsItsCode(String sentence, String hex, int code) {
        assertThat(DnsQuestion.read(bytes(hex)))
                .isInstanceOfSatisfying(Reading.Faulty.class, faulty -> assertThat(faulty.code()).isEqualTo(code));
    }

    static Stream<Arguments> aMalformedPacketGetsItsCode() {
        String question = EXAMPLE + A_IN;
        return Stream.of(
                Arguments.of("no question", "1234 0100 0000 0000 0000 0000", DnsAnswer.FORMERR),
                Arguments.of("two questions", "1234 0100 0002 0000 0000 0000" + question + question, DnsAnswer.FORMERR),
                Arguments.of("an answer in a query", "1234 0100 0001 0001 0000 0000" + question, DnsAnswer.FORMERR),
                Arguments.of("an authority in a query", "1234 0100 0001 0000 0001 0000" + question, DnsAnswer.FORMERR),
                Arguments.of("a truncated query", "1234 0300 0001 0000 0000 0000" + question, DnsAnswer.FORMERR),
                Arguments.of("bytes after the question", HEADER + question + "00", DnsAnswer.FORMERR),
                Arguments.of("a name that points to itself", HEADER + "c00c" + A_IN, DnsAnswer.FORMERR),
                Arguments.of("a name that points into the header", HEADER + "07 6578616d706c65 c000" + A_IN, DnsAnswer.FORMERR),
                Arguments.of("a label type of RFC 6891's past", HEADER + "41 00" + A_IN, DnsAnswer.FORMERR),
                Arguments.of("a name without its end", HEADER + "07 6578616d706c65", DnsAnswer.FORMERR),
                Arguments.of("no type", HEADER + EXAMPLE, DnsAnswer.FORMERR),
                Arguments.of("half a class", HEADER + EXAMPLE + "0001 00", DnsAnswer.FORMERR),
                Arguments.of("a name of 256 bytes", HEADER + longName(256) + A_IN, DnsAnswer.FORMERR),
                Arguments.of("an additional record that is no OPT", "1234 0100 0001 0000 0000 0001" + question
                        + "00 0001 0001 00000000 0004 01020304", DnsAnswer.FORMERR),
                Arguments.of("an OPT that is not the root's", "1234 0100 0001 0000 0000 0001" + question
                        + "0161 00 0029 04d0 00000000 0000", DnsAnswer.FORMERR),
                Arguments.of("an OPT with more data than there is", "1234 0100 0001 0000 0000 0001" + question
                        + "00 0029 04d0 00000000 0001", DnsAnswer.FORMERR),
                Arguments.of("two additional records", "1234 0100 0001 0000 0000 0002" + question + OPT + OPT, DnsAnswer.FORMERR),
                Arguments.of("EDNS of a version to come", "1234 0100 0001 0000 0000 0001" + question
                        + "00 0029 04d0 00010000 0000", DnsAnswer.NOTIMP),
                Arguments.of("a status query", "1234 1100 0001 0000 0000 0000" + question, DnsAnswer.NOTIMP),
                Arguments.of("an update", "1234 2800 0001 0000 0000 0000" + question, DnsAnswer.NOTIMP),
                Arguments.of("class CHAOS", HEADER + EXAMPLE + "0010 0003", DnsAnswer.REFUSED),
                Arguments.of("class ANY", HEADER + EXAMPLE + "0001 00ff", DnsAnswer.REFUSED));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void aNameThatIsNoHostNameIsNone(String sentence, String name) {
        assertThat(asked(bytes(HEADER + name + A_IN)).name()).isEmpty();
    }

    static Stream<Arguments> aNameThatIsNoHostNameIsNone() {
        return Stream.of(
                Arguments.of("the root", "00"),
                Arguments.of("a dot inside a label", "03 612e62 04 74657374 00"),
                Arguments.of("a zero inside a label", "03 610062 04 74657374 00"),
                Arguments.of("a space", "03 612062 04 74657374 00"),
                Arguments.of("UTF-8", "02 c3a9 04 74657374 00"),
                Arguments.of("a star", "01 2a 04 74657374 00"),
                Arguments.of("a dotted quad", "03 313639 03 323534 03 313639 03 323534 00"),
                Arguments.of("a number", "0a 32313330373036343333 00"),
                Arguments.of("a label that begins with a hyphen", "02 2d61 04 74657374 00"),
                Arguments.of("254 characters", longName(255).replaceFirst("61", "2d")));
    }

    @Test
    void theLongestHostNameIsRead() {
        DnsQuestion question = asked(bytes(HEADER + longName(255) + A_IN));
        assertThat(question.name().orElseThrow().value()).hasSize(253);
    }

    @Test
    @Tag("B021")
    void aPacketCutOffAtEveryByteIsNeverAQuestion() throws Exception {
        Message message = query("api.example.test.", Type.A);
        message.addRecord(new OPTRecord(1232, 0, 0), Section.ADDITIONAL);
        byte[] packet = message.toWire();
        for (int length = 0; length < packet.length; length++) {
            Reading reading = DnsQuestion.read(Arrays.copyOf(packet, length));
            if (length < DnsQuestion.HEADER_BYTES) assertThat(reading).isInstanceOf(Reading.Ignored.class);
            else assertThat(reading).as("%d bytes", length).isInstanceOf(Reading.Faulty.class);
        }
    }

    @Test
    void anAnswerIsIgnoredSoThatServersDoNotTalkInALoop() throws Exception {
        Message message = query("example.test.", Type.A);
        message.getHeader().setFlag(Flags.QR);
        assertThat(DnsQuestion.read(message.toWire())).isInstanceOf(Reading.Ignored.class);
    }

    @Test
    void aPacketAboveTheLimitIsMalformed() {
        byte[] packet = Arrays.copyOf(bytes(HEADER + EXAMPLE + A_IN), DnsQuestion.BYTES_MAX + 1);
        assertThat(DnsQuestion.read(packet)).isInstanceOf(Reading.Faulty.class);
    }

    /// What this reader takes for a question, dnsjava reads as the same one.
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void damagedPacketsAreReadAsASecondParserReadsThem(long seed) throws Exception {
        Random random = new Random(seed);
        Message message = query("api.example.test.", Type.A);
        message.addRecord(new OPTRecord(1232, 0, 0), Section.ADDITIONAL);
        byte[] packet = message.toWire();
        for (int round = 0; round < 2_000; round++) {
            byte[] damaged = Arrays.copyOf(packet, packet.length + random.nextInt(8));
            for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            if (DnsQuestion.read(damaged) instanceof Reading.Asked(DnsQuestion question)) {
                Record second = new Message(damaged).getQuestion();
                assertThat(question.type()).isEqualTo(second.getType());
                assertThat(second.getDClass()).isEqualTo(DClass.IN);
                question.name().ifPresent(name -> assertThat(second.getName().toString(true)).isEqualToIgnoringCase(name.value()));
            }
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    @Tag("B021")
    void noiseIsReadWithoutAnException(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 2_000; round++) {
            byte[] noise = new byte[random.nextInt(64)];
            random.nextBytes(noise);
            assertThat(DnsQuestion.read(noise)).isNotNull();
        }
    }

    static IntStream seeds() {
        return IntStream.rangeClosed(1, 5);
    }

    private static DnsQuestion asked(byte[] packet) {
        assertThat(DnsQuestion.read(packet)).isInstanceOf(Reading.Asked.class);
        return ((Reading.Asked) DnsQuestion.read(packet)).question();
    }

    private static Message query(String name, int type) throws Exception {
        Message message = Message.newQuery(Record.newRecord(Name.fromString(name), type, DClass.IN));
        message.getHeader().setID(4660);
        return message;
    }

    /// A name of so many bytes on the wire: labels of the letter a.
    private static String longName(int bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int left = bytes - 1; left > 0; ) {
            int label = Math.min(63, left - 1);
            if (left - 1 - label == 1) label--;
            out.write(label);
            for (int i = 0; i < label; i++) out.write('a');
            left -= label + 1;
        }
        out.write(0);
        return HexFormat.of().formatHex(out.toByteArray());
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }
}
