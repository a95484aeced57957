package dev.declaw.runtime.template;

import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import dev.declaw.linux.HostProcess;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/// A directory of build results, `<kind>/<key>`. A result is made in a temporary directory and moved in place as a whole, so
/// that what has its final name is complete. One build at a time, over all processes of the machine: fcntl(2) locks die
/// with their process, and what an interrupted build left is removed by the next one.
public final class BuildCache {
    private static final String TEMPORARY = "tmp-";
    private static final Duration LOCK_DEADLINE = Duration.ofMinutes(20);
    private static final Duration LOCK_POLL = Duration.ofMillis(200);
    private static final Duration KILL_DEADLINE = Duration.ofSeconds(10);
    private static final Duration REMOVE_DEADLINE = Duration.ofMinutes(2);

    private final Path root;

    BuildCache(Path root) {
        this.root = root;
    }

    /// Fills an empty directory.
    @FunctionalInterface
    public interface Build {
        void into(Path directory) throws IOException;
    }

    /// Looks for a result that is good enough.
    @FunctionalInterface
    public interface Finder {
        Optional<Path> find() throws IOException;
    }

    Path path(String kind, String key) {
        return root.resolve(kind).resolve(key);
    }

    boolean has(String kind, String key) {
        return Files.isDirectory(path(kind, key));
    }

    /// The result of this key, built when it is not there.
    Path get(String kind, String key, Build build) throws IOException {
        Path result = path(kind, key);
        return get(() -> has(kind, key) ? Optional.of(result) : Optional.empty(), result, build);
    }

    /// A result that `existing` finds, or `result` below this cache, built when it finds none. Asked again once the right to
    /// build is there: another process may have been faster.
    Path get(Finder existing, Path result, Build build) throws IOException {
        Optional<Path> found = existing.find();
        if (found.isPresent()) {
            return found.get();
        }
        Files.createDirectories(
                root, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        try (FileChannel channel =
                FileChannel.open(root.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            awaitLock(channel);
            removeLeftovers();
            Optional<Path> since = existing.find();
            if (since.isPresent()) {
                return since.get();
            }
            Files.createDirectories(result.getParent());
            Path temporary = Files.createDirectory(root.resolve(TEMPORARY + UUID.randomUUID()));
            try {
                build.into(temporary);
                Files.move(temporary, result, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                remove(temporary);
            }
            return result;
        }
    }

    /// Takes the lock; closing the channel gives it back.
    private static void awaitLock(FileChannel channel) throws IOException {
        long end = System.nanoTime() + LOCK_DEADLINE.toNanos();
        while (true) {
            try {
                if (channel.tryLock() != null) {
                    return;
                }
            } catch (OverlappingFileLockException held) {
                // Another thread of this process builds: as good as another process.
            }
            if (System.nanoTime() > end) {
                throw new IOException("another process has been building templates for "
                        + LOCK_DEADLINE.toMinutes() + " minutes; end it and try again");
            }
            try {
                Thread.sleep(LOCK_POLL);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while waiting for another build", interrupted);
            }
        }
    }

    /// Ends the programs of builds whose process died, then removes their files. Only the holder of the lock may do this.
    private void removeLeftovers() throws IOException {
        try (Stream<Path> entries = Files.list(root)) {
            for (Path leftover : entries.filter(
                            path -> path.getFileName().toString().startsWith(TEMPORARY))
                    .toList()) {
                for (HostProcess process : HostProcess.withArgument(leftover.toString())) {
                    process.kill(KILL_DEADLINE);
                }
                remove(leftover);
            }
        }
    }

    /// `--one-file-system`: should anything still be mounted below, it must not be emptied with the rest.
    private static void remove(Path directory) {
        if (Files.exists(directory)) {
            Exec.run(Command.of("rm", "-rf", "--one-file-system", "--", directory.toString())
                    .withDeadline(REMOVE_DEADLINE));
        }
    }
}
