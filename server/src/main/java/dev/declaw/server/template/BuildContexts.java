package dev.declaw.server.template;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.auth.RandomTokens;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Archives that were uploaded for `COPY`: files of this machine, one directory per tenant. One stays for a day after its last
/// use; a tenant's oldest ones make room for new ones. Thread-safe.
public final class BuildContexts {
    /// Of one archive, as it is sent.
    public static final long BYTES_MAX = 512L << 20;

    private static final long TENANT_BYTES_MAX = 4L << 30;
    private static final int TENANT_CONTEXTS_MAX = 32;
    private static final Duration KEPT = Duration.ofDays(1);
    private static final String TEMPORARY = "tmp-";

    private final Path root;
    private final RandomTokens tokens;
    private final InstantSource clock;
    private final Map<Path, Integer> used = new HashMap<>();

    /// @param root holds nothing else
    public BuildContexts(Path root, RandomTokens tokens, InstantSource clock) {
        this.root = root;
        this.tokens = tokens;
        this.clock = clock;
    }

    /// @param digest SHA-256 of the archive as it was sent, hex
    public record Context(String id, String digest, long sizeBytes) {}

    /// Takes an archive in and checks that it is one.
    ///
    /// @param archive tar, compressed with gzip or not; at most [#BYTES_MAX], which the caller sees to
    /// @throws PlatformFailure.InvalidRequest when it is no such archive
    public Context add(String owner, InputStream archive) throws IOException {
        Path directory = directory(owner);
        Files.createDirectories(
                directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        String id = tokens.resourceId("ctx");
        Path temporary = directory.resolve(TEMPORARY + id);
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            try (OutputStream out = Files.newOutputStream(temporary)) {
                new DigestInputStream(archive, sha256).transferTo(out);
            }
            ContextArchive.check(temporary);
            long size = Files.size(temporary);
            synchronized (this) {
                makeRoom(directory, size);
                Files.move(temporary, directory.resolve(id), StandardCopyOption.ATOMIC_MOVE);
            }
            return new Context(id, HexFormat.of().formatHex(sha256.digest()), size);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /// An archive that stays until the holder is closed.
    interface Held extends AutoCloseable {
        Path archive();

        @Override
        void close();
    }

    /// @throws PlatformFailure.NotFound when there is none of this id
    synchronized Held hold(String owner, String id) {
        Path file = directory(owner).resolve(id);
        if (!id.matches("ctx-[0-9a-f]{16}") || !Files.isRegularFile(file)) {
            throw new PlatformFailure.NotFound(
                    "context_not_found", "there is no build context of this id; POST /templates/build-contexts takes a new one");
        }
        used.merge(file, 1, Integer::sum);
        touch(file);
        return new Held() {
            private boolean open = true;

            @Override
            public Path archive() {
                return file;
            }

            @Override
            public void close() {
                if (open) release(file);
                open = false;
            }
        };
    }

    private synchronized void release(Path file) {
        used.computeIfPresent(file, (_, count) -> count > 1 ? count - 1 : null);
        touch(file);
    }

    private void touch(Path file) {
        try {
            Files.setLastModifiedTime(file, FileTime.from(clock.instant()));
        } catch (NoSuchFileException gone) {
            // removed by hand
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void makeRoom(Path directory, long bytes) throws IOException {
        long total = bytes;
        int count = 1;
        for (Path file : oldestLast(directory)) {
            count++;
            total += Files.size(file);
            boolean old = Files.getLastModifiedTime(file).toInstant().plus(KEPT).isBefore(clock.instant());
            boolean over = count > TENANT_CONTEXTS_MAX || total > TENANT_BYTES_MAX;
            if ((old || over) && !used.containsKey(file)) {
                count--;
                total -= Files.size(file);
                Files.delete(file);
            }
        }
        if (total > TENANT_BYTES_MAX) {
            throw new PlatformFailure.QuotaExceeded(
                    "too_much_context", "the build contexts in use hold more than " + TENANT_BYTES_MAX + " bytes; wait for a build to end", 60);
        }
    }

    private static List<Path> oldestLast(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.getFileName().toString().startsWith("ctx-"))
                    .sorted(Comparator.comparing(BuildContexts::modified).reversed())
                    .toList();
        }
    }

    private static FileTime modified(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Removes uploads that did not end and what nobody has used for a day. Called once, before the first upload.
    public void sweep() {
        if (!Files.isDirectory(root)) return;
        try (Stream<Path> files = Files.walk(root, 2)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                boolean old = modified(file).toInstant().plus(KEPT).isBefore(clock.instant());
                if (old || file.getFileName().toString().startsWith(TEMPORARY)) Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path directory(String owner) {
        if (!owner.matches("[A-Za-z0-9_-]{1,64}")) throw new IllegalArgumentException("an owner's id is no path");
        return root.resolve(owner);
    }
}
