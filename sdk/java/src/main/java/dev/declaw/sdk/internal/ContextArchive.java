package dev.declaw.sdk.internal;

import dev.declaw.sdk.DeclawException.InvalidArgument;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/// A directory as a gzipped tar archive (POSIX.1-2001, pax), for a template's build context: regular files, directories and
/// symbolic links, in order of their names, owned by root. The same contents give the same bytes.
public final class ContextArchive {
    private static final int BLOCK_BYTES = 512;
    private static final int ENTRIES_MAX = 100_000;
    private static final long SIZE_IN_HEADER_MAX = 077777777777L;

    private final Path root;
    private final Ignored ignored;
    private final OutputStream out;

    private ContextArchive(Path root, Ignored ignored, OutputStream out) {
        this.root = root;
        this.ignored = ignored;
        this.out = out;
    }

    /// Writes what `directory` holds, but for what its `.dockerignore` leaves out.
    ///
    /// @throws InvalidArgument when it is no directory, or has more entries than a context may have
    public static void write(Path directory, Path archive) throws IOException {
        if (!Files.isDirectory(directory)) throw new InvalidArgument(directory + " is no directory");
        Path list = directory.resolve(".dockerignore");
        Ignored ignored;
        try (Stream<String> lines = Files.exists(list) ? Files.lines(list) : Stream.empty()) {
            ignored = new Ignored(lines);
        }
        try (OutputStream out = new GZIPOutputStream(new BufferedOutputStream(Files.newOutputStream(archive)))) {
            ContextArchive writer = new ContextArchive(directory, ignored, out);
            for (var entry : writer.entries().entrySet()) writer.write(entry.getKey(), entry.getValue());
            out.write(new byte[2 * BLOCK_BYTES]);
        }
    }

    private TreeMap<String, Path> entries() throws IOException {
        TreeMap<String, Path> entries = new TreeMap<>();
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                if (directory.equals(root)) return FileVisitResult.CONTINUE;
                if (add(directory)) return FileVisitResult.CONTINUE;
                return ignored.hasExceptions() ? FileVisitResult.CONTINUE : FileVisitResult.SKIP_SUBTREE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (!attributes.isOther()) add(file);
                return FileVisitResult.CONTINUE;
            }

            private boolean add(Path path) {
                String name = root.relativize(path).toString().replace('\\', '/');
                if (ignored.leavesOut(name)) return false;
                if (entries.size() == ENTRIES_MAX) {
                    throw new InvalidArgument(root + " has over " + ENTRIES_MAX + " entries; name what is not needed in .dockerignore");
                }
                entries.put(name, path);
                return true;
            }
        });
        return entries;
    }

    private void write(String name, Path path) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (attributes.isSymbolicLink()) {
            header(name, Files.readSymbolicLink(path).toString(), '2', 0, 0777);
        } else if (attributes.isDirectory()) {
            header(name + "/", "", '5', 0, 0755);
        } else {
            long size = attributes.size();
            header(name, "", '0', size, Files.isExecutable(path) ? 0755 : 0644);
            long copied = copy(path, size);
            out.write(new byte[(int) (-copied & BLOCK_BYTES - 1)]);
        }
    }

    private long copy(Path path, long size) throws IOException {
        try (var in = Files.newInputStream(path)) {
            byte[] piece = new byte[64 * 1024];
            long left = size;
            while (left > 0) {
                int count = in.read(piece, 0, (int) Math.min(piece.length, left));
                if (count < 0) throw new IOException(path + " became shorter while it was read");
                out.write(piece, 0, count);
                left -= count;
            }
        }
        return size;
    }

    private void header(String name, String link, char type, long size, int mode) throws IOException {
        boolean plain = fits(name) && fits(link) && size <= SIZE_IN_HEADER_MAX;
        if (!plain) {
            ByteArrayOutputStream records = new ByteArrayOutputStream();
            record(records, "path", name);
            if (!link.isEmpty()) record(records, "linkpath", link);
            record(records, "size", Long.toString(size));
            block("PaxHeader", "", 'x', records.size(), 0644);
            out.write(records.toByteArray());
            out.write(new byte[-records.size() & BLOCK_BYTES - 1]);
        }
        block(plain ? name : "see-pax-header", plain ? link : "", type, Math.min(size, SIZE_IN_HEADER_MAX), mode);
    }

    private static boolean fits(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length <= 100 && text.chars().allMatch(c -> c < 128);
    }

    /// `LENGTH KEY=VALUE\n`, where the length counts itself.
    private static void record(ByteArrayOutputStream records, String key, String value) throws IOException {
        byte[] rest = (" " + key + "=" + value + "\n").getBytes(StandardCharsets.UTF_8);
        int length = rest.length + 1;
        while (Integer.toString(length).length() + rest.length != length) length = rest.length + Integer.toString(length).length();
        records.write(Integer.toString(length).getBytes(StandardCharsets.US_ASCII));
        records.write(rest);
    }

    private void block(String name, String link, char type, long size, int mode) throws IOException {
        byte[] block = new byte[BLOCK_BYTES];
        put(block, 0, name);
        octal(block, 100, 8, mode);
        octal(block, 108, 8, 0);
        octal(block, 116, 8, 0);
        octal(block, 124, 12, size);
        octal(block, 136, 12, 0);
        Arrays.fill(block, 148, 156, (byte) ' ');
        block[156] = (byte) type;
        put(block, 157, link);
        put(block, 257, "ustar\u000000");
        long sum = 0;
        for (byte b : block) sum += b & 0xff;
        put(block, 148, String.format("%06o\0 ", sum));
        out.write(block);
    }

    private static void put(byte[] block, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(bytes, 0, block, at, bytes.length);
    }

    private static void octal(byte[] block, int at, int width, long value) {
        put(block, at, String.format("%0" + (width - 1) + "o", value));
    }
}
