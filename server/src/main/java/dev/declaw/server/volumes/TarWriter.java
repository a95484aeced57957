package dev.declaw.server.volumes;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/// Writes a tar stream (POSIX ustar, with a pax header where a name or a size does not fit). Not thread-safe.
public final class TarWriter {
    private static final int BLOCK = 512;
    private static final int NAME_BYTES_MAX = 100;
    private static final long OCTAL_SIZE_MAX = 077777777777L;
    private static final int COPY_BYTES = 64 * 1024;

    private static final int USER_ID = 1000;

    private final OutputStream out;
    private final long userId;
    private final long groupId;

    /// @param out not closed here
    TarWriter(OutputStream out) {
        this(out, USER_ID, USER_ID);
    }

    /// @param out not closed here
    /// @param userId owner of every entry, at most 2^21 - 1
    /// @param groupId group of every entry, likewise
    public TarWriter(OutputStream out, long userId, long groupId) {
        this.out = out;
        this.userId = userId;
        this.groupId = groupId;
    }

    public void directory(String name, int mode, Instant modified) throws IOException {
        header(name + "/", '5', 0, mode, modified, "");
    }

    public void link(String name, String target, Instant modified) throws IOException {
        header(name, '2', 0, 0777, modified, target);
    }

    /// @param content exactly `size` bytes
    public void file(String name, int mode, Instant modified, long size, InputStream content) throws IOException {
        header(name, '0', size, mode, modified, "");
        byte[] buffer = new byte[COPY_BYTES];
        long left = size;
        while (left > 0) {
            int n = content.read(buffer, 0, (int) Math.min(left, buffer.length));
            if (n < 0) throw new IOException("a file is shorter than it was said to be");
            out.write(buffer, 0, n);
            left -= n;
        }
        pad(size);
    }

    /// Two blank blocks end an archive.
    public void end() throws IOException {
        out.write(new byte[2 * BLOCK]);
    }

    private void header(String name, char type, long size, int mode, Instant modified, String target) throws IOException {
        byte[] path = name.getBytes(StandardCharsets.UTF_8);
        byte[] linked = target.getBytes(StandardCharsets.UTF_8);
        boolean ascii = name.chars().allMatch(c -> c < 0x80) && target.chars().allMatch(c -> c < 0x80);
        StringBuilder pax = new StringBuilder();
        if (path.length > NAME_BYTES_MAX || !ascii) pax.append(record("path", name));
        if (linked.length > NAME_BYTES_MAX || !ascii && linked.length > 0) pax.append(record("linkpath", target));
        if (size > OCTAL_SIZE_MAX) pax.append(record("size", Long.toString(size)));
        if (!pax.isEmpty()) {
            byte[] bytes = pax.toString().getBytes(StandardCharsets.UTF_8);
            block("pax".getBytes(StandardCharsets.US_ASCII), 'x', bytes.length, 0644, modified, new byte[0]);
            out.write(bytes);
            pad(bytes.length);
        }
        byte[] shown = path.length > NAME_BYTES_MAX ? java.util.Arrays.copyOf(path, NAME_BYTES_MAX) : path;
        byte[] shownLink = linked.length > NAME_BYTES_MAX ? java.util.Arrays.copyOf(linked, NAME_BYTES_MAX) : linked;
        block(shown, type, Math.min(size, OCTAL_SIZE_MAX), mode, modified, shownLink);
    }

    /// The length of a pax record counts its own digits.
    private static String record(String keyword, String value) {
        int rest = keyword.length() + value.getBytes(StandardCharsets.UTF_8).length + 3;
        int length = rest + Integer.toString(rest).length();
        if (Integer.toString(length).length() > Integer.toString(rest).length()) length++;
        return length + " " + keyword + "=" + value + "\n";
    }

    private void block(byte[] name, char type, long size, int mode, Instant modified, byte[] link) throws IOException {
        byte[] header = new byte[BLOCK];
        System.arraycopy(name, 0, header, 0, name.length);
        octal(header, 100, 8, mode & 0777);
        octal(header, 108, 8, userId);
        octal(header, 116, 8, groupId);
        System.arraycopy(link, 0, header, 157, link.length);
        octal(header, 124, 12, size);
        octal(header, 136, 12, Math.max(0, Math.min(modified.getEpochSecond(), OCTAL_SIZE_MAX)));
        header[156] = (byte) type;
        text(header, 257, "ustar");
        text(header, 263, "00");
        if (userId == USER_ID) {
            text(header, 265, "user");
            text(header, 297, "user");
        }
        java.util.Arrays.fill(header, 148, 156, (byte) ' ');
        long sum = 0;
        for (byte value : header) sum += value & 0xff;
        text(header, 148, String.format("%06o", sum));
        header[154] = 0;
        out.write(header);
    }

    private static void octal(byte[] header, int offset, int length, long value) {
        text(header, offset, String.format("%0" + (length - 1) + "o", value));
    }

    private static void text(byte[] header, int offset, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, header, offset, bytes.length);
    }

    private void pad(long size) throws IOException {
        out.write(new byte[(int) ((BLOCK - size % BLOCK) % BLOCK)]);
    }
}
