package dev.declaw.server.volumes;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Reads a tar stream written by strangers: POSIX ustar with pax headers (IEEE 1003.1-2017, pax) and the GNU long name. Holds one
/// header in memory, never a file. Not thread-safe.
public final class TarReader {
    private static final int BLOCK = 512;
    private static final int HEADER_BYTES_MAX = 64 * 1024; // pax and long-name records
    private static final int HEADERS_MAX = 64; // of them before one entry

    private final InputStream in;
    private long contentLeft;
    private int padding;

    public enum Kind {
        FILE,
        DIRECTORY,
        /// A symbolic link.
        LINK,
        /// Hard links, devices, pipes.
        OTHER
    }

    /// @param name as it is written; not to be trusted
    /// @param link what a symbolic link says, not to be trusted either; empty text for anything else
    public record Entry(String name, Kind kind, long sizeBytes, int mode, String link) {}

    /// Not a tar archive, or one that is cut off.
    public static final class FormatException extends IOException {
        private static final long serialVersionUID = 1L;

        FormatException(String message) {
            super(message);
        }
    }

    /// What extended headers say about the next entry.
    private static final class Extended {
        String path;
        String link;
        long size = -1;
    }

    /// @param in not closed here
    public TarReader(InputStream in) {
        this.in = in;
    }

    /// The next entry; whatever was not read of the one before is skipped. Empty at the end.
    public Optional<Entry> next() throws IOException {
        skip(contentLeft + padding);
        contentLeft = 0;
        padding = 0;
        Extended extended = new Extended();
        for (int headers = 0; headers <= HEADERS_MAX; headers++) {
            byte[] header = in.readNBytes(BLOCK);
            if (header.length == 0) return Optional.empty(); // an archive without its end marks is read by everybody
            if (header.length < BLOCK) throw new FormatException("the archive is cut off");
            if (blank(header)) return Optional.empty();
            checkSum(header);
            long size = number(header, 124, 12);
            if (size < 0) throw new FormatException("an entry has no valid size");
            switch (header[156]) {
                case 'x' -> readPax(record(size), extended);
                case 'g' -> record(size);
                case 'L' -> extended.path = text(record(size), 0, (int) size);
                case 'K' -> extended.link = text(record(size), 0, (int) size);
                default -> {
                    return Optional.of(entry(header, size, extended));
                }
            }
        }
        throw new FormatException("more than " + HEADERS_MAX + " extended headers stand before an entry");
    }

    private Entry entry(byte[] header, long headerSize, Extended extended) {
        long size = extended.size >= 0 ? extended.size : headerSize;
        String name = extended.path != null ? extended.path : name(header);
        char type = (char) header[156];
        Kind kind = switch (type) {
            case '0', '\0', '7' -> name.endsWith("/") ? Kind.DIRECTORY : Kind.FILE;
            case '5' -> Kind.DIRECTORY;
            case '2' -> Kind.LINK;
            default -> Kind.OTHER;
        };
        boolean hasContent = type != '1' && type != '2' && type != '5';
        contentLeft = hasContent ? size : 0;
        padding = (int) ((BLOCK - contentLeft % BLOCK) % BLOCK);
        int mode = (int) (Math.max(0, numberOr(header, 100, 8, 0644)) & 0777);
        String link = kind != Kind.LINK ? "" : extended.link != null ? extended.link : text(header, 157, 100);
        return new Entry(name, kind, contentLeft, mode, link);
    }

    /// Content of the entry that [#next] has just given. Ends with it; need not be closed.
    public InputStream content() {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                if (length == 0) return 0;
                if (contentLeft == 0) return -1;
                int n = in.read(bytes, offset, (int) Math.min(length, contentLeft));
                if (n < 0) throw new FormatException("the archive is cut off");
                contentLeft -= n;
                return n;
            }
        };
    }

    private byte[] record(long size) throws IOException {
        if (size > HEADER_BYTES_MAX) throw new FormatException("an extended header is longer than " + HEADER_BYTES_MAX + " bytes");
        byte[] bytes = in.readNBytes((int) size);
        if (bytes.length < size) throw new FormatException("the archive is cut off");
        skip((BLOCK - size % BLOCK) % BLOCK);
        return bytes;
    }

    /// Records of the form `length SP keyword = value LF`.
    private static void readPax(byte[] bytes, Extended extended) throws FormatException {
        int at = 0;
        while (at < bytes.length) {
            int blank = at;
            while (blank < bytes.length && bytes[blank] != ' ') blank++;
            int length;
            try {
                length = Integer.parseInt(new String(bytes, at, blank - at, StandardCharsets.US_ASCII));
            } catch (NumberFormatException e) {
                throw new FormatException("an extended header cannot be read");
            }
            int end = at + length;
            if (length <= 0 || end > bytes.length || end <= blank || bytes[end - 1] != '\n') {
                throw new FormatException("an extended header cannot be read");
            }
            String record = new String(bytes, blank + 1, end - blank - 2, StandardCharsets.UTF_8);
            if (record.startsWith("path=")) extended.path = record.substring(5);
            if (record.startsWith("linkpath=")) extended.link = record.substring(9);
            if (record.startsWith("size=")) extended.size = size(record.substring(5));
            if (record.startsWith("GNU.sparse.")) throw new FormatException("sparse files are not taken");
            at = end;
        }
    }

    private static long size(String text) throws FormatException {
        try {
            long size = Long.parseLong(text);
            if (size >= 0) return size;
        } catch (NumberFormatException _) {
            // refused below
        }
        throw new FormatException("an entry has no valid size");
    }

    private static String name(byte[] header) {
        String name = text(header, 0, 100);
        boolean ustar = text(header, 257, 6).startsWith("ustar");
        String prefix = ustar ? text(header, 345, 155) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    private static String text(byte[] bytes, int offset, int length) {
        int end = offset;
        while (end < offset + length && end < bytes.length && bytes[end] != 0) end++;
        return new String(bytes, offset, end - offset, StandardCharsets.UTF_8);
    }

    private static boolean blank(byte[] block) {
        for (byte value : block) if (value != 0) return false;
        return true;
    }

    /// The sum of all header bytes, those of the sum itself taken as blanks. Some old programs summed signed bytes.
    private static void checkSum(byte[] header) throws FormatException {
        long unsigned = 0;
        long signed = 0;
        for (int i = 0; i < BLOCK; i++) {
            byte value = i >= 148 && i < 156 ? (byte) ' ' : header[i];
            unsigned += value & 0xff;
            signed += value;
        }
        long written = numberOr(header, 148, 8, -1);
        if (written != unsigned && written != signed) throw new FormatException("this is not a tar archive");
    }

    /// Octal text, or the binary form for large values; -1 when it is neither.
    private static long number(byte[] bytes, int offset, int length) {
        return numberOr(bytes, offset, length, -1);
    }

    private static long numberOr(byte[] bytes, int offset, int length, long otherwise) {
        if ((bytes[offset] & 0x80) != 0) {
            long value = bytes[offset] & 0x7f;
            for (int i = 1; i < length; i++) {
                if (value > Long.MAX_VALUE >> 8) return otherwise;
                value = value << 8 | bytes[offset + i] & 0xff;
            }
            return value;
        }
        String text = text(bytes, offset, length).strip();
        if (text.isEmpty()) return 0;
        try {
            return Long.parseLong(text, 8);
        } catch (NumberFormatException e) {
            return otherwise;
        }
    }

    private void skip(long count) throws IOException {
        try {
            in.skipNBytes(count);
        } catch (EOFException e) {
            throw new FormatException("the archive is cut off");
        }
    }
}
