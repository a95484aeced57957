package dev.declaw.server.fake;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPOutputStream;

/// Makes tar archives byte by byte, also such as no program would write.
public final class Archives {
    private final ByteArrayOutputStream tar = new ByteArrayOutputStream();

    public Archives file(String name, String content) {
        return entry(name, '0', 0644, content.getBytes(StandardCharsets.UTF_8));
    }

    public Archives directory(String name) {
        return entry(name, '5', 0755, new byte[0]);
    }

    public Archives entry(String name, char type, int mode, byte[] content) {
        byte[] header = new byte[512];
        put(header, 0, name.getBytes(StandardCharsets.UTF_8));
        text(header, 100, "%07o".formatted(mode));
        text(header, 108, "0000000");
        text(header, 116, "0000000");
        text(header, 124, "%011o".formatted(content.length));
        text(header, 136, "00000000000");
        header[156] = (byte) type;
        text(header, 257, "ustar");
        text(header, 263, "00");
        java.util.Arrays.fill(header, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte value : header) sum += value & 0xff;
        text(header, 148, "%06o".formatted(sum));
        header[154] = 0;
        tar.writeBytes(header);
        tar.writeBytes(content);
        tar.writeBytes(new byte[(512 - content.length % 512) % 512]);
        return this;
    }

    private static void text(byte[] header, int at, String text) {
        put(header, at, text.getBytes(StandardCharsets.US_ASCII));
    }

    private static void put(byte[] header, int at, byte[] bytes) {
        System.arraycopy(bytes, 0, header, at, Math.min(bytes.length, header.length - at));
    }

    public byte[] tar() {
        ByteArrayOutputStream ended = new ByteArrayOutputStream();
        ended.writeBytes(tar.toByteArray());
        ended.writeBytes(new byte[1024]);
        return ended.toByteArray();
    }

    public byte[] gzip() {
        return gzip(tar());
    }

    public static byte[] gzip(byte[] bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return out.toByteArray();
    }
}
