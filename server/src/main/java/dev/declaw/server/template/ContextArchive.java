package dev.declaw.server.template;

import com.google.re2j.Pattern;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.volumes.TarReader.Entry;
import dev.declaw.server.volumes.TarReader.Kind;
import dev.declaw.server.volumes.TarReader;
import dev.declaw.server.volumes.TarWriter;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/// What one `COPY` takes out of an archive. The archive is read as a stream, once for the digest and once for the content;
/// hard links, devices and paths that lead out are left out.
final class ContextArchive {
    private static final int BUFFER_BYTES = 64 * 1024;
    private static final int ENTRIES_MAX = 100_000;
    private static final long UNPACKED_BYTES_MAX = 4L << 30;

    private final Path archive;
    private final Step.Copy copy;

    ContextArchive(Path archive, Step.Copy copy) {
        this.archive = archive;
        this.copy = copy;
    }

    private interface Taker {
        void take(String path, Entry entry, InputStream content) throws IOException;
    }

    /// Reads all of it and keeps nothing.
    ///
    /// @throws PlatformFailure.InvalidRequest when it is no tar archive
    static void check(Path archive) throws IOException {
        each(archive, (_, _, _) -> {});
    }

    private static void each(Path archive, Taker taker) throws IOException {
        try (InputStream in = unpacked(archive)) {
            TarReader tar = new TarReader(in);
            int entries = 0;
            long room = UNPACKED_BYTES_MAX;
            for (var next = tar.next(); next.isPresent(); next = tar.next()) {
                Entry entry = next.get();
                room -= Math.min(entry.sizeBytes(), UNPACKED_BYTES_MAX + 1);
                if (++entries > ENTRIES_MAX || room < 0) {
                    throw new PlatformFailure.TooLarge(
                            "context_too_large",
                            "a build context has " + ENTRIES_MAX + " entries and " + UNPACKED_BYTES_MAX + " bytes of content at most");
                }
                Optional<String> path = ContextPath.clean(entry.name());
                if (path.isPresent() && entry.kind() != Kind.OTHER) taker.take(path.get(), entry, tar.content());
            }
        } catch (TarReader.FormatException e) {
            throw bad(e.getMessage());
        } catch (ZipException | EOFException e) {
            throw bad("its compression is damaged, or it is cut off");
        }
    }

    private static InputStream unpacked(Path archive) throws IOException {
        BufferedInputStream in = new BufferedInputStream(Files.newInputStream(archive), BUFFER_BYTES);
        try {
            in.mark(2);
            boolean gzip = in.read() == 0x1f && in.read() == 0x8b; // RFC 1952, 2.3.1
            in.reset();
            return gzip ? new BufferedInputStream(new GZIPInputStream(in, BUFFER_BYTES), BUFFER_BYTES) : in;
        } catch (IOException e) {
            in.close();
            throw e;
        }
    }

    private static PlatformFailure bad(String why) {
        return new PlatformFailure.InvalidRequest(
                "bad_archive", "a build context is a tar archive, compressed with gzip or not: " + why);
    }

    /// What was found.
    ///
    /// @param digest SHA-256 over names, kinds, modes and contents, hex
    /// @param single name of the one file that is copied; empty when a directory or several files are
    record Selection(String digest, Optional<String> single) {}

    /// @throws BuildException when a source is not in the archive
    Selection select() throws IOException, BuildException {
        Set<String> lines = new TreeSet<>();
        Set<String> missing = new HashSet<>(copy.sources());
        Set<String> files = new HashSet<>();
        boolean[] directory = {false};
        each(archive, (path, entry, content) -> {
            for (String source : copy.sources()) {
                Optional<String> name = name(source, path, entry);
                if (name.isEmpty()) continue;
                missing.remove(source);
                boolean whole = rest(source, path).orElseThrow().isEmpty();
                if (!whole || entry.kind() == Kind.DIRECTORY) directory[0] = true;
                else files.add(name.get());
                lines.add(name.get() + "\0" + entry.kind() + "\0" + entry.mode() + "\0" + entry.link() + "\0" + digest(content));
                return;
            }
        });
        if (!missing.isEmpty()) {
            throw new BuildException("copy_source_missing", "'" + new TreeSet<>(missing).getFirst() + "' is not in the build context");
        }
        if (files.size() > 1 && !copy.target().endsWith("/")) {
            throw new BuildException(
                    "copy_target_no_directory", "several files are copied to '" + copy.target() + "'; a directory as target ends in /");
        }
        boolean one = files.size() == 1 && !directory[0];
        return new Selection(
                digest(new java.io.ByteArrayInputStream(String.join("\1", lines).getBytes(java.nio.charset.StandardCharsets.UTF_8))),
                one ? files.stream().findFirst() : Optional.empty());
    }

    /// Writes what is copied as a tar stream with paths relative to the root of the machine.
    ///
    /// @param target where it goes: a directory, or for a single file its own path
    /// @param now when everything counts as modified
    void write(OutputStream out, String target, boolean toFile, long userId, long groupId, Instant now)
            throws IOException {
        TarWriter tar = new TarWriter(out, userId, groupId);
        String base = ContextPath.clean(target).orElseThrow();
        each(archive, (path, entry, content) -> {
            for (String source : copy.sources()) {
                Optional<String> name = name(source, path, entry);
                if (name.isEmpty()) continue;
                String to = toFile ? base : ContextPath.clean(base + "/" + name.get()).orElseThrow();
                int mode = copy.mode().map(octal -> Integer.parseInt(octal, 8) & 0777).orElse(entry.mode());
                switch (entry.kind()) {
                    case DIRECTORY -> {
                        if (!name.get().isEmpty()) tar.directory(to, copy.mode().isPresent() ? mode : entry.mode(), now);
                    }
                    case LINK -> tar.link(to, entry.link(), now);
                    default -> tar.file(to, mode, now, entry.sizeBytes(), content);
                }
                return;
            }
        });
        tar.end();
    }

    /// Where an entry goes below the target; empty when the source does not name it.
    private Optional<String> name(String source, String path, Entry entry) {
        Optional<String> rest = rest(source, path);
        if (rest.isEmpty()) return rest;
        boolean whole = rest.get().isEmpty();
        if (!whole || entry.kind() == Kind.DIRECTORY) return rest;
        return Optional.of(path.substring(path.lastIndexOf('/') + 1));
    }

    /// What follows the parts of the path that a source names; empty text when it names all of it.
    private static Optional<String> rest(String source, String path) {
        String clean = ContextPath.clean(source).orElseThrow();
        if (clean.isEmpty()) return Optional.of(path);
        int parts = clean.split("/").length;
        int end = -1;
        for (int part = 0; part < parts; part++) {
            end = path.indexOf('/', end + 1);
            if (end < 0) {
                if (part < parts - 1) return Optional.empty();
                end = path.length();
            }
        }
        Pattern pattern = ContextPath.pattern(source);
        if (!pattern.matcher(path.substring(0, end)).matches()) return Optional.empty();
        return Optional.of(end == path.length() ? "" : path.substring(end + 1));
    }

    private static String digest(InputStream content) throws IOException {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[BUFFER_BYTES];
            for (int n = content.read(buffer); n >= 0; n = content.read(buffer)) sha256.update(buffer, 0, n);
            return HexFormat.of().formatHex(sha256.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
