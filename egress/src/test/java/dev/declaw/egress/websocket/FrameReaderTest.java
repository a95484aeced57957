package dev.declaw.egress.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class FrameReaderTest {
    private static final FrameWriter CLIENT = new FrameWriter(UnpooledByteBufAllocator.DEFAULT, true);

    /// What the frames say, as text that does not depend on the pieces: messages, controls, and the error at the end.
    private static List<String> read(byte[] bytes, int... cuts) {
        FrameReader reader = new FrameReader(true);
        List<String> said = new ArrayList<>();
        StringBuilder message = new StringBuilder();
        ByteBuf in = Unpooled.buffer();
        int from = 0;
        int[] ends = java.util.Arrays.copyOf(cuts, cuts.length + 1);
        ends[cuts.length] = bytes.length;
        try {
            for (int end : ends) {
                in.writeBytes(bytes, from, end - from);
                from = end;
                for (Incoming item = reader.next(in); item != null; item = reader.next(in)) {
                    switch (item) {
                        case Incoming.Piece piece -> {
                            if (piece.first()) message.append(piece.text() ? "text:" : "binary:");
                            message.append(piece.data().toString(StandardCharsets.ISO_8859_1));
                            piece.data().release();
                            if (piece.last()) {
                                said.add(message.toString());
                                message.setLength(0);
                            }
                        }
                        case Incoming.Ping ping -> said.add("ping:" + new String(ping.payload(), StandardCharsets.ISO_8859_1));
                        case Incoming.Pong pong -> said.add("pong:" + new String(pong.payload(), StandardCharsets.ISO_8859_1));
                        case Incoming.Close close -> {
                            said.add("close:" + close.code());
                            return said;
                        }
                    }
                }
            }
        } catch (WebSocketViolation e) {
            said.add("error:" + e.closeCode());
        }
        return said;
    }

    private static byte[] frames(boolean broken) {
        ByteBuf out = Unpooled.buffer();
        out.writeBytes(CLIENT.message(true, true, false, text("héllo ")));
        out.writeBytes(CLIENT.ping("p".getBytes(StandardCharsets.US_ASCII)));
        out.writeBytes(CLIENT.message(true, false, false, text("")));
        out.writeBytes(CLIENT.message(true, false, true, text("wörld \uD83D\uDE00")));
        out.writeBytes(CLIENT.message(false, true, true, Unpooled.wrappedBuffer(new byte[] {1, (byte) 200, 3})));
        out.writeBytes(CLIENT.message(true, true, true, text("x".repeat(130))));
        out.writeBytes(CLIENT.message(true, true, true, text("")));
        if (broken) {
            out.writeBytes(CLIENT.message(true, true, true, Unpooled.wrappedBuffer(new byte[] {'a', (byte) 0xed, (byte) 0xa0, (byte) 0x80})));
        }
        out.writeBytes(CLIENT.pong(new byte[0]));
        out.writeBytes(CLIENT.close(1000, "bye"));
        return io.netty.buffer.ByteBufUtil.getBytes(out);
    }

    private static ByteBuf text(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
    }

    @Test
    @DisplayName("I9 B120 the same messages at every split point, one byte at a time, and at random cuts")
    void theVerdictDoesNotDependOnTheCuts() {
        Random random = new Random(7);
        for (boolean broken : new boolean[] {false, true}) {
            byte[] bytes = frames(broken);
            List<String> whole = read(bytes);
            assertThat(whole).hasSize(broken ? 6 : 7);
            assertThat(whole.getLast()).isEqualTo(broken ? "error:1007" : "close:1000");
            int[] each = new int[bytes.length];
            for (int i = 0; i < bytes.length; i++) {
                each[i] = i;
                assertThat(read(bytes, i)).isEqualTo(whole);
            }
            assertThat(read(bytes, each)).isEqualTo(whole);
            for (int round = 0; round < 200; round++) {
                int[] cuts = random.ints(8, 0, bytes.length).sorted().toArray();
                assertThat(read(bytes, cuts)).isEqualTo(whole);
            }
        }
    }

    @Test
    @DisplayName("B120 random bytes never read as anything but frames or an error")
    void randomBytesDoNoHarm() {
        Random random = new Random(11);
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            if (bytes.length > 1) {
                bytes[0] &= (byte) 0x8f;
                bytes[1] |= (byte) 0x80;
            }
            assertThat(read(bytes)).isEqualTo(read(bytes, bytes.length / 2));
        }
    }

    @Test
    void emptyFragmentsAreCounted() {
        ByteBuf out = Unpooled.buffer();
        out.writeBytes(CLIENT.message(true, true, false, text("a")));
        for (int i = 0; i < 40; i++) out.writeBytes(CLIENT.message(true, false, false, text("")));
        assertThat(read(io.netty.buffer.ByteBufUtil.getBytes(out))).containsExactly("error:1008");
    }

    @Test
    void theProofIsThatOfTheStandardsExample() {
        assertThat(Handshake.proof("dGhlIHNhbXBsZSBub25jZQ==")).isEqualTo("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    @Test
    void wellFormedTextIsTextAndNothingElse() {
        Random random = new Random(3);
        for (int round = 0; round < 50_000; round++) {
            byte[] bytes = new byte[1 + random.nextInt(6)];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (random.nextInt(4) == 0 ? random.nextInt(256) : 0x80 + random.nextInt(0x78));
            }
            boolean valid = java.util.Arrays.equals(
                    new String(bytes, StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8), bytes)
                    && decodes(bytes);
            Utf8Check check = new Utf8Check();
            assertThat(check.feed(Unpooled.wrappedBuffer(bytes)) && check.complete()).isEqualTo(valid);
        }
    }

    private static boolean decodes(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(java.nio.ByteBuffer.wrap(bytes));
            return true;
        } catch (java.nio.charset.CharacterCodingException e) {
            return false;
        }
    }
}
