package dev.declaw.egress.content;

import static org.assertj.core.api.Assertions.assertThat;

import com.aayushatharva.brotli4j.Brotli4jLoader;
import com.aayushatharva.brotli4j.encoder.Encoder;
import com.github.luben.zstd.Zstd;
import dev.declaw.egress.content.BodyDecoder.Decoded;
import dev.declaw.model.policy.Reason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BodyDecoderTest {
    private static final byte[] TEXT = "{\"ssn\":\"123-45-6789\"}, again and again and again".getBytes(StandardCharsets.UTF_8);

    private final BodyDecoder decoder = new BodyDecoder(4 * 1024 * 1024);

    private static byte[] encode(byte[] plain, String coding) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        switch (coding) {
            case "gzip", "x-gzip" -> {
                try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
                    gzip.write(plain);
                }
            }
            case "deflate" -> {
                try (DeflaterOutputStream zlib = new DeflaterOutputStream(out)) {
                    zlib.write(plain);
                }
            }
            case "raw" -> {
                try (DeflaterOutputStream raw = new DeflaterOutputStream(out, new Deflater(6, true))) {
                    raw.write(plain);
                }
            }
            case "br" -> {
                Brotli4jLoader.ensureAvailability();
                out.writeBytes(Encoder.compress(plain));
            }
            case "zstd" -> out.writeBytes(Zstd.compress(plain));
            default -> throw new IllegalArgumentException(coding);
        }
        return out.toByteArray();
    }

    private void assertPlain(byte[] body, String coding, byte[] expected) {
        assertThat(decoder.decode(body, coding))
                .isInstanceOfSatisfying(Decoded.Plain.class, plain -> assertThat(plain.bytes()).isEqualTo(expected));
    }

    private void assertRefused(byte[] body, String coding, Reason reason) {
        assertThat(decoder.decode(body, coding)).isEqualTo(new Decoded.Refused(reason));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "x-gzip", "deflate", "br", "zstd"})
    @Tag("B092")
    void decodesEachCodingAndRefusesItTruncatedOrWithATail(String coding) throws IOException {
        byte[] body = encode(TEXT, coding);
        assertPlain(body, coding, TEXT);
        assertPlain(body, " " + coding.toUpperCase(java.util.Locale.ROOT) + "\t", TEXT);
        for (int length = 1; length < body.length; length++) {
            assertRefused(Arrays.copyOf(body, length), coding, Reason.UNDECODABLE_BODY);
        }
        assertRefused(Arrays.copyOf(body, body.length + 1), coding, Reason.UNDECODABLE_BODY);
        byte[] tail = Arrays.copyOf(body, body.length + 200);
        Arrays.fill(tail, body.length, tail.length, (byte) 'x');
        assertRefused(tail, coding, Reason.UNDECODABLE_BODY);
        assertRefused(TEXT, coding, Reason.UNDECODABLE_BODY);
    }

    @Test
    @Tag("B092")
    void decodesRawDeflateAllGzipMembersAndNesting() throws IOException {
        assertPlain(encode(TEXT, "raw"), "deflate", TEXT);
        ByteArrayOutputStream members = new ByteArrayOutputStream();
        members.writeBytes(encode("a".getBytes(StandardCharsets.UTF_8), "gzip"));
        members.writeBytes(encode("b".getBytes(StandardCharsets.UTF_8), "gzip"));
        assertPlain(members.toByteArray(), "gzip", "ab".getBytes(StandardCharsets.UTF_8));
        byte[] nested = encode(encode(encode(TEXT, "br"), "zstd"), "gzip");
        assertPlain(nested, "br, zstd,gzip", TEXT);
        assertRefused(nested, "br, zstd, gzip, identity, deflate", Reason.UNDECODABLE_BODY);
        assertPlain(TEXT, "identity", TEXT);
        assertPlain(TEXT, "", TEXT);
        assertPlain(new byte[0], "gzip", new byte[0]);
    }

    @ParameterizedTest
    @ValueSource(strings = {"compress", "exi", "aes128gcm", "gzip;q=1", "gzi", "dcb", "gzip gzip"})
    @Tag("B093")
    void refusesCodingsThatItDoesNotKnow(String coding) throws IOException {
        assertRefused(encode(TEXT, "gzip"), coding, Reason.UNDECODABLE_BODY);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "deflate", "br", "zstd"})
    @Tag("B091")
    void refusesBombsByCapAndByRatio(String coding) throws IOException {
        byte[] capped = encode(new byte[8 * 1024 * 1024], coding);
        assertRefused(capped, coding, Reason.REQUEST_TOO_LARGE);
        byte[] ratio = encode(new byte[2 * 1024 * 1024], coding);
        assertRefused(ratio, coding, Reason.REQUEST_TOO_LARGE);
        assertRefused(encode(capped, coding), coding + "," + coding, Reason.REQUEST_TOO_LARGE);
        assertPlain(encode(new byte[512 * 1024], coding), coding, new byte[512 * 1024]);
    }

    @Test
    void refusesAPlainBodyOverTheCap() {
        assertRefused(new byte[4 * 1024 * 1024 + 1], "", Reason.REQUEST_TOO_LARGE);
    }

    @Test
    void refusesACorruptChecksum() throws IOException {
        byte[] body = encode(TEXT, "gzip");
        body[body.length - 6] ^= 1;
        assertRefused(body, "gzip", Reason.UNDECODABLE_BODY);
    }
}
