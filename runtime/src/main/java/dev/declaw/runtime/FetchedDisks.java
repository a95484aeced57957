package dev.declaw.runtime;

import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import dev.declaw.runtime.archive.Archive;
import dev.declaw.runtime.archive.Entry;
import dev.declaw.runtime.archive.EntryName;
import dev.declaw.runtime.snapshot.DiskChain;
import dev.declaw.runtime.storage.QcowLayer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;

/// Disks of templates that snapshots of other machines brought along, a directory each. Thread-safe.
final class FetchedDisks {
    private static final Duration REBASE_DEADLINE = Duration.ofMinutes(1);
    private static final String RAW = "raw";

    private final Path root;

    FetchedDisks(Path root) {
        this.root = root;
    }

    /// The disk of an entry, brought here when it is not here yet.
    ///
    /// @param disk file of the entry
    /// @param below the file that it lies on, when the entry has one
    synchronized Path fetch(Archive archive, EntryName name, String disk, String below) throws IOException {
        Path directory = root.resolve(name.toString());
        if (Files.isDirectory(directory)) {
            return directory.resolve(disk);
        }
        Files.createDirectories(root, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path temporary = Files.createTempDirectory(root, ".fetching");
        try {
            Entry entry = archive.read(name);
            for (String file : entry.files().keySet()) {
                archive.fetch(entry, file, Files.createFile(temporary.resolve(file)));
            }
            if (entry.files().containsKey(below)) {
                Path top = temporary.resolve(disk);
                QcowLayer.requireOwn(top, QcowLayer.backing(top), RAW);
                moveOnto(top, directory.resolve(below), RAW);
            }
            Files.move(temporary, directory, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            remove(temporary);
        }
        return directory.resolve(disk);
    }

    /// Changes what a layer says it lies on; nothing else of it changes. Its header must have been checked.
    static void moveOnto(Path layer, Path backing, String format) throws IOException {
        if (!QcowLayer.backing(layer).equals(backing)) {
            Exec.run(Command.of(
                            "qemu-img", "rebase", "-q", "-u", "-f", DiskChain.LAYER_FORMAT, "-F", format, "-b",
                            backing.toString(), layer.toString())
                    .withDeadline(REBASE_DEADLINE));
        }
    }

    /// Removes the disks that are not among these.
    synchronized void keepOnly(Set<String> disks) throws IOException {
        if (!Files.isDirectory(root)) {
            return;
        }
        Set<Path> kept = new HashSet<>();
        disks.forEach(disk -> kept.add(Path.of(disk).getParent()));
        try (Stream<Path> all = Files.list(root)) {
            for (Path directory : all.toList()) {
                if (!kept.contains(directory)) {
                    remove(directory);
                }
            }
        }
    }

    private static void remove(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            try (Stream<Path> files = Files.list(directory)) {
                for (Path file : files.toList()) {
                    Files.deleteIfExists(file);
                }
            }
            Files.deleteIfExists(directory);
        }
    }
}
