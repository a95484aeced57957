package dev.declaw.egress.content;

import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/// gzip (RFC 1952) and deflate (RFC 1950, and raw RFC 1951 as some clients send it), strictly to the last byte.
final class Inflation {
    private static final int GZIP_HEAD_BYTES = 10;
    private static final int GZIP_TRAIL_BYTES = 8;
    private static final int FLAG_CRC = 2;
    private static final int FLAG_EXTRA = 4;
    private static final int FLAG_NAME = 8;
    private static final int FLAG_COMMENT = 16;
    private static final int FLAGS_RESERVED = 0xe0;

    private Inflation() {}

    /// All members, each with its checksum; an empty body is none.
    static void gzip(byte[] body, CappedOutput out) throws DataFormatException {
        int at = 0;
        do {
            at = member(body, at, out);
        } while (at < body.length);
    }

    private static int member(byte[] body, int start, CappedOutput out) throws DataFormatException {
        int at = headEnd(body, start);
        CRC32 crc = new CRC32();
        Inflater inflater = new Inflater(true);
        try {
            inflater.setInput(body, at, body.length - at);
            drain(inflater, out, crc);
            at = body.length - inflater.getRemaining();
            if (body.length - at < GZIP_TRAIL_BYTES) throw new DataFormatException("truncated trailer");
            if (little(body, at) != (int) crc.getValue() || little(body, at + 4) != (int) inflater.getBytesWritten()) {
                throw new DataFormatException("checksum");
            }
            return at + GZIP_TRAIL_BYTES;
        } finally {
            inflater.end();
        }
    }

    private static int headEnd(byte[] body, int start) throws DataFormatException {
        if (body.length - start < GZIP_HEAD_BYTES
                || (body[start] & 255) != 0x1f
                || (body[start + 1] & 255) != 0x8b
                || body[start + 2] != 8) {
            throw new DataFormatException("no gzip member");
        }
        int flags = body[start + 3] & 255;
        if ((flags & FLAGS_RESERVED) != 0) throw new DataFormatException("reserved flags");
        int at = start + GZIP_HEAD_BYTES;
        if ((flags & FLAG_EXTRA) != 0) {
            if (body.length - at < 2) throw new DataFormatException("truncated head");
            at += 2 + (body[at] & 255 | (body[at + 1] & 255) << 8);
        }
        if ((flags & FLAG_NAME) != 0) at = zeroEnd(body, at);
        if ((flags & FLAG_COMMENT) != 0) at = zeroEnd(body, at);
        if ((flags & FLAG_CRC) != 0) at += 2;
        if (at > body.length) throw new DataFormatException("truncated head");
        return at;
    }

    private static int zeroEnd(byte[] body, int from) throws DataFormatException {
        for (int at = from; at < body.length; at++) {
            if (body[at] == 0) return at + 1;
        }
        throw new DataFormatException("truncated head");
    }

    /// With the zlib wrapper, or without it when its head does not fit.
    static void deflate(byte[] body, CappedOutput out) throws DataFormatException {
        boolean wrapped = body.length >= 2
                && (body[0] & 15) == 8
                && ((body[0] & 255) << 8 | body[1] & 255) % 31 == 0;
        Inflater inflater = new Inflater(!wrapped);
        try {
            inflater.setInput(body);
            drain(inflater, out, new CRC32());
            if (inflater.getRemaining() != 0) throw new DataFormatException("data after the end");
        } finally {
            inflater.end();
        }
    }

    private static void drain(Inflater inflater, CappedOutput out, CRC32 crc) throws DataFormatException {
        byte[] chunk = new byte[16 * 1024];
        while (!inflater.finished()) {
            int n = inflater.inflate(chunk);
            if (n == 0 && (inflater.needsInput() || inflater.needsDictionary())) {
                throw new DataFormatException("data ends early");
            }
            crc.update(chunk, 0, n);
            out.write(chunk, 0, n);
        }
    }

    private static int little(byte[] body, int at) {
        return body[at] & 255 | (body[at + 1] & 255) << 8 | (body[at + 2] & 255) << 16 | (body[at + 3] & 255) << 24;
    }
}
