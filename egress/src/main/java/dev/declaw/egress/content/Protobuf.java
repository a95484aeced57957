package dev.declaw.egress.content;

import java.util.Optional;
import java.util.function.Consumer;

/// Reads the text fields of Protocol Buffers messages without their schema: every length-delimited field that is UTF-8 is
/// shown, and read once more as a message within. gRPC bodies are cut at their length prefixes first. Bounded in depth and
/// linear in the bytes for each level.
final class Protobuf {
    private static final int DEPTH_MAX = 16;
    private static final int PREFIX_BYTES = 5;

    private Protobuf() {}

    /// What a gRPC body turned out to be.
    enum Framing {
        MESSAGES,
        /// No row of messages; what was shown until then stays shown.
        NONE,
        /// A message is compressed in a way that cannot be taken off.
        SEALED
    }

    /// Shows the strings of the messages of a gRPC body (gRPC over HTTP/2, "Length-Prefixed-Message").
    static Framing grpc(byte[] body, BodyDecoder decoder, Consumer<String> strings) {
        int at = 0;
        while (at < body.length) {
            if (body.length - at < PREFIX_BYTES) return Framing.NONE;
            int flags = body[at] & 255;
            long length = (body[at + 1] & 255L) << 24 | (body[at + 2] & 255) << 16 | (body[at + 3] & 255) << 8 | body[at + 4] & 255;
            at += PREFIX_BYTES;
            if (flags > 1 || length > body.length - at) return Framing.NONE;
            int end = at + (int) length;
            if (flags == 0) {
                message(body, at, end, 0, strings);
            } else {
                byte[] packed = java.util.Arrays.copyOfRange(body, at, end);
                if (!(decoder.decodeUnlabelled(packed) instanceof BodyDecoder.Decoded.Plain(byte[] plain))) return Framing.SEALED;
                message(plain, 0, plain.length, 0, strings);
            }
            at = end;
        }
        return Framing.MESSAGES;
    }

    /// Shows the strings of one message.
    ///
    /// @return whether the bytes are a message from end to end
    static boolean message(byte[] bytes, Consumer<String> strings) {
        return bytes.length > 1 && message(bytes, 0, bytes.length, 0, strings);
    }

    private static boolean message(byte[] bytes, int from, int to, int depth, Consumer<String> strings) {
        int[] at = {from};
        while (at[0] < to) {
            long tag = varint(bytes, at, to);
            if (tag < 8 || tag > 0xffff_ffffL) return false;
            switch ((int) tag & 7) {
                case 0 -> {
                    if (varint(bytes, at, to) < 0 && at[0] < 0) return false;
                }
                case 1 -> at[0] += 8;
                case 2 -> {
                    long length = varint(bytes, at, to);
                    if (at[0] < 0 || length < 0 || length > to - at[0]) return false;
                    int end = at[0] + (int) length;
                    field(bytes, at[0], end, depth, strings);
                    at[0] = end;
                }
                case 5 -> at[0] += 4;
                default -> {
                    return false; // groups ended with proto2
                }
            }
            if (at[0] < 0 || at[0] > to) return false;
        }
        return true;
    }

    private static void field(byte[] bytes, int from, int to, int depth, Consumer<String> strings) {
        if (to - from < 2) return;
        Optional<String> text = View.utf8(bytes, from, to);
        text.ifPresent(strings);
        if (depth < DEPTH_MAX) message(bytes, from, to, depth + 1, strings);
    }

    /// A varint; -1, and a negative position, when it does not end in time.
    private static long varint(byte[] bytes, int[] at, int to) {
        long value = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            if (at[0] >= to) break;
            byte b = bytes[at[0]++];
            value |= (long) (b & 127) << shift;
            if (b >= 0) return value;
        }
        at[0] = -1;
        return -1;
    }
}
