package dev.declaw.egress.content;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.model.policy.ContentAction;
import dev.declaw.model.policy.HostSelector;
import dev.declaw.model.policy.PiiPolicy;
import dev.declaw.model.scan.PersonalDataScanners;
import dev.declaw.model.scan.PiiType;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Bodies in formats beyond text and JSON: what is in them is seen.
class BodyCoverageTest {
    private static final Set<PiiType> SSN = EnumSet.of(PiiType.SSN);
    private final ContentScreen screen = new ContentScreen(
            new PiiPolicy(true, SSN, ContentAction.REDACT, true, HostSelector.ALL),
            PersonalDataScanners.installed().forTypes(SSN),
            new TokenVault());

    private static byte[] field(int number, byte[] value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(number << 3 | 2);
        int length = value.length;
        while (length > 127) {
            out.write(length & 127 | 128);
            length >>= 7;
        }
        out.write(length);
        out.writeBytes(value);
        return out.toByteArray();
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] framed(int flags, byte[] message) {
        return ByteBuffer.allocate(5 + message.length).put((byte) flags).putInt(message.length).put(message).array();
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) out.writeBytes(part);
        return out.toByteArray();
    }

    private static byte[] zipped(byte[] bytes) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    @Test
    @Tag("B086")
    void stringsOfGrpcMessagesAreRead() throws Exception {
        byte[] inner = joined(new byte[] {8, 42}, field(2, text("ssn １２３-45-6789 für Jürgen")));
        byte[] message = joined(field(1, text("caller")), field(15, inner));
        for (byte[] body : List.of(framed(0, message), joined(framed(0, field(1, text("x"))), framed(0, message)), framed(1, zipped(message)))) {
            assertThat(screen.screenBody(body, "application/grpc+proto", "h")).isInstanceOf(Screened.Blocked.class);
        }
        assertThat(screen.screenBody(framed(0, field(1, text("hello"))), "application/grpc", "h")).isInstanceOf(Screened.Clean.class);
        assertThat(screen.screenBody(joined(message), "application/x-protobuf", "h")).isInstanceOf(Screened.Blocked.class);
    }

    @Test
    @Tag("B086")
    void aGrpcBodyThatIsNoneIsReadAsWhatItIsAndASealedOneIsRefused() {
        assertThat(screen.screenBody(framed(1, text("not packed")), "application/grpc", "h"))
                .isInstanceOfSatisfying(Screened.Blocked.class, blocked -> assertThat(blocked.reason().code()).isEqualTo("undecodable_body"));
        for (byte[] body : List.of(text("my ssn is 123-45-6789 ok"), joined(framed(2, text("abc")), text(" ssn 123-45-6789 ")), joined(new byte[] {0, 0, 0, 0, 99}, text("ssn 123-45-6789 ")))) {
            assertThat(screen.screenBody(body, "application/grpc", "h").counts()).containsKey("ssn");
        }
    }

    static LongStream seeds() {
        return LongStream.range(0, 40);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void anyBytesAreReadAsMessagesWithoutAnError(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            byte[] bytes = new byte[random.nextInt(120)];
            random.nextBytes(bytes);
            if (random.nextBoolean()) for (int i = 0; i < bytes.length; i++) bytes[i] &= 0x1f;
            List<String> strings = new ArrayList<>();
            Protobuf.message(bytes, strings::add);
            Protobuf.grpc(bytes, new BodyDecoder(1024), strings::add);
            assertThat(strings).allSatisfy(string -> assertThat(string.length()).isLessThanOrEqualTo(bytes.length));
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "windows-1251, Привет", "koi8-r, Привет", "iso-8859-2, Zażółć", "gbk, 你好世界", "gb18030, 你好世界", "euc-jp, こんにちは", "big5, 你好世界", "euc-kr, 안녕하세요",
        "utf-32le, Привет", "utf-32be, Привет"
    })
    @Tag("B096")
    void textInTheCharsetsOfItsSendersIsReadAndStaysWhatItWas(String charset, String word) {
        Charset encoding = Charset.forName(charset);
        byte[] body = (word + " ssn 123-45-6789 " + word).getBytes(encoding);
        assertThat(screen.screenBody(body, "text/plain; charset=" + charset, "h"))
                .isInstanceOfSatisfying(Screened.Redacted.class, redacted ->
                        assertThat(new String((byte[]) redacted.content(), encoding)).isEqualTo(word + " ssn REDACTED_SSN_1 " + word));
    }
}
