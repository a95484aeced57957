package dev.declaw.egress.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClientHelloReaderTest {
    private static final int ECH = 0xfe0d;

    private static byte[] vector(int lengthBytes, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = lengthBytes - 1; i >= 0; i--) out.write(content.length >> (8 * i));
        out.writeBytes(content);
        return out.toByteArray();
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) out.writeBytes(part);
        return out.toByteArray();
    }

    private static byte[] extension(int type, byte[] content) {
        return join(new byte[] {(byte) (type >> 8), (byte) type}, vector(2, content));
    }

    private static byte[] name(int type, String host) {
        return join(new byte[] {(byte) type}, vector(2, host.getBytes(StandardCharsets.ISO_8859_1)));
    }

    private static byte[] sni(byte[]... names) {
        return extension(0, vector(2, join(names)));
    }

    private static byte[] hello(byte[]... extensions) {
        byte[] body = join(
                new byte[] {3, 3},
                new byte[32],
                vector(1, new byte[32]),
                vector(2, new byte[] {0x13, 1, 0x13, 2}),
                vector(1, new byte[] {0}),
                vector(2, join(extensions)));
        return join(new byte[] {1}, vector(3, body));
    }

    private static byte[] records(byte[] message, int size) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int at = 0; at < message.length; at += size) {
            out.writeBytes(new byte[] {22, 3, 1});
            out.writeBytes(vector(2, java.util.Arrays.copyOfRange(message, at, Math.min(message.length, at + size))));
        }
        return out.toByteArray();
    }

    private static ClientHello read(byte[] wire) throws TlsViolation {
        return new ClientHelloReader().read(Unpooled.wrappedBuffer(wire)).orElseThrow();
    }

    private static final byte[] GOOD = hello(extension(0x0a0a, new byte[0]), sni(name(0, "a.test")), extension(51, new byte[700]));

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 100, 500, 16_384})
    @Tag("B038")
    void findsTheNameInRecordsOfAnySize(int size) throws TlsViolation {
        assertThat(read(records(GOOD, size)).serverName()).contains("a.test");
    }

    @Test
    @Tag("B038")
    void findsTheNameBehindALargeKeyShare() throws TlsViolation {
        byte[] late = hello(extension(51, new byte[12_000]), sni(name(0, "late.test")));
        assertThat(read(records(late, 4_000)).serverName()).contains("late.test");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 400, 16_384})
    @Tag("B038")
    void answersOnlyWhenTheMessageIsComplete(int size) throws TlsViolation {
        byte[] wire = records(GOOD, size);
        ClientHelloReader reader = new ClientHelloReader();
        ByteBuf in = Unpooled.buffer();
        for (int i = 0; i < wire.length - 1; i++) {
            in.writeByte(wire[i]);
            assertThat(reader.read(in)).as("after %d bytes", i + 1).isEmpty();
        }
        in.writeByte(wire[wire.length - 1]);
        assertThat(reader.read(in).orElseThrow().serverName()).contains("a.test");
        assertThat(in.readableBytes()).isEqualTo(wire.length);
    }

    @Test
    void aHelloWithoutNameHasNone() throws TlsViolation {
        assertThat(read(records(hello(), 500))).isEqualTo(new ClientHello(Optional.empty(), false, false));
    }

    @Test
    @Tag("B040") @Tag("B048")
    void noticesAnEncryptedHelloAndEarlyData() throws TlsViolation {
        byte[] hidden = hello(sni(name(0, "outer.test")), extension(ECH, new byte[40]));
        byte[] early = hello(sni(name(0, "a.test")), extension(42, new byte[0]));
        assertThat(read(records(hidden, 500))).isEqualTo(new ClientHello(Optional.of("outer.test"), true, false));
        assertThat(read(records(early, 500))).isEqualTo(new ClientHello(Optional.of("a.test"), false, true));
    }

    @Test
    @Tag("B031") @Tag("B032") @Tag("B039")
    void refusesEveryMalformedHello() {
        byte[][] bad = {
            hello(sni(name(0, "a.test")), sni(name(0, "b.test"))), // two extensions
            hello(sni(name(0, "a.test"), name(0, "b.test"))), // two names in one
            hello(sni(name(1, "a.test"))), // another name type
            hello(sni(name(1, "x"), name(0, "a.test"))),
            hello(sni(name(0, ""))),
            hello(extension(0, new byte[0])),
            hello(extension(0, new byte[] {0, 0})),
            hello(extension(0, join(vector(2, name(0, "a.test")), new byte[] {1}))), // data behind the list
            hello(extension(43, new byte[2]), extension(43, new byte[2])),
            hello(new byte[] {0, 0, 0}), // a cut extension
            join(hello(sni(name(0, "a.test"))), new byte[] {1}), // data behind the message
            join(new byte[] {2}, vector(3, new byte[40])), // a ServerHello
            join(new byte[] {1}, vector(3, new byte[10])),
            join(new byte[] {1}, vector(3, new byte[17_000])),
        };
        for (byte[] message : bad) {
            assertThatThrownBy(() -> read(records(message, 16_384))).isInstanceOf(TlsViolation.class);
        }
    }

    @Test
    void refusesRecordsThatAreNone() {
        byte[][] bad = {
            {23, 3, 1, 0, 5, 1, 2, 3, 4, 5}, {22, 2, 1, 0, 5}, {22, 3, 1, 0, 0}, {22, 3, 1, 0x7f, (byte) 0xff}, {0x16, 'x'},
        };
        for (byte[] wire : bad) {
            assertThatThrownBy(() -> new ClientHelloReader().read(Unpooled.wrappedBuffer(wire)))
                    .isInstanceOf(TlsViolation.class);
        }
    }

    @Test
    void everyTruncationOfTheMessageItselfIsRefused() {
        int body = GOOD.length - 4;
        for (int length = 0; length < body; length++) {
            byte[] cut = join(new byte[] {1}, vector(3, java.util.Arrays.copyOfRange(GOOD, 4, 4 + length)));
            if (length == 2 + 32 + 33 + 6 + 2) continue; // exactly before the extensions: a TLS 1.2 hello without any
            assertThatThrownBy(() -> read(records(cut, 16_384))).as("%d bytes", length).isInstanceOf(TlsViolation.class);
        }
    }

    private static SecondHello.Seen second(byte[] wire) {
        SecondHello watch = new SecondHello(new ClientHello(Optional.of("a.test"), false, false));
        ByteBuf in = Unpooled.buffer();
        SecondHello.Seen seen = SecondHello.Seen.UNDECIDED;
        for (int i = 0; i < wire.length && seen == SecondHello.Seen.UNDECIDED; i++) {
            in.writeByte(wire[i]);
            seen = watch.look(in);
        }
        return seen;
    }

    @Test
    @Tag("B039")
    void aSecondHelloMustCarryTheSameName() {
        byte[] changeCipherSpec = {20, 3, 3, 0, 1, 1};
        byte[] other = hello(sni(name(0, "evil.test")));
        for (int size : new int[] {1, 2, 50, 16_384}) {
            assertThat(second(records(GOOD, size))).isEqualTo(SecondHello.Seen.SAME);
            assertThat(second(join(changeCipherSpec, records(GOOD, size)))).isEqualTo(SecondHello.Seen.SAME);
            assertThat(second(records(other, size))).isEqualTo(SecondHello.Seen.DIFFERENT);
            assertThat(second(join(changeCipherSpec, records(other, size)))).isEqualTo(SecondHello.Seen.DIFFERENT);
            assertThat(second(records(hello(), size))).isEqualTo(SecondHello.Seen.DIFFERENT);
        }
        assertThat(second(new byte[] {23, 3, 3, 0, 5})).isEqualTo(SecondHello.Seen.SAME);
        assertThat(second(join(changeCipherSpec, new byte[] {22, 3, 3, 0, 40, 0x2a, 1, 2}))).isEqualTo(SecondHello.Seen.SAME);
        assertThat(second(new byte[] {22, 3, 3, 0, 70, 16, 0, 0, 66})).isEqualTo(SecondHello.Seen.SAME);
    }

    @Test
    @Tag("B039")
    void noRecordThatAServerSkipsHidesASecondHello() {
        byte[] changeCipherSpec = {20, 3, 3, 0, 1, 1};
        byte[] userCanceled = {21, 3, 3, 0, 2, 1, 90};
        byte[] other = records(hello(sni(name(0, "evil.test"))), 16_384);
        byte[] twice = join(changeCipherSpec, changeCipherSpec);
        assertThat(second(join(twice, other))).isEqualTo(SecondHello.Seen.DIFFERENT);
        assertThat(second(join(twice, records(GOOD, 16_384)))).isEqualTo(SecondHello.Seen.SAME);
        assertThat(second(join(userCanceled, other))).isEqualTo(SecondHello.Seen.DIFFERENT);
        assertThat(second(join(join(userCanceled, changeCipherSpec), other))).isEqualTo(SecondHello.Seen.DIFFERENT);
        assertThat(second(join(new byte[] {22, 3, 3, 0, 0}, other))).isEqualTo(SecondHello.Seen.DIFFERENT);
        assertThat(second(join(new byte[] {20, 3, 3, 0, 2, 1, 1}, other))).isEqualTo(SecondHello.Seen.DIFFERENT);
        byte[] many = changeCipherSpec;
        for (int i = 0; i < 5; i++) many = join(many, many);
        assertThat(second(many)).isEqualTo(SecondHello.Seen.DIFFERENT);
        assertThat(second(new byte[] {21, 3, 3, 0, 2, 2, 40})).isEqualTo(SecondHello.Seen.SAME);
        assertThat(second(new byte[] {21, 3, 3, 0, 26, 9, 9})).isEqualTo(SecondHello.Seen.SAME);
    }
}
