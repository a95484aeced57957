package dev.declaw.runtime.storage;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Keeps the files of saved machines on this machine: each is a directory of parts and a manifest that names them with their
/// digests, readable for root only. Parts are mapped and opened by a VMM, so they are always here when they are used. One
/// that was not completed does not exist for anybody but [#delete] and [#unfinished]. Thread-safe for different ids.
public final class LocalArtifacts {
    /// Name of the manifest in a directory.
    public static final String MANIFEST = "manifest.json";

    private static final String SAVING = "saving";
    private static final String FETCHING = "fetching";
    private static final Pattern ID = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");
    private static final FileAttribute<?> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private final Path root;

    public LocalArtifacts(Path root) {
        this.root = root;
    }

    private Path directory(String id) {
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException("not the id of an artifact");
        }
        return root.resolve(id);
    }

    /// A new directory for the parts of a machine that is saved.
    ///
    /// @throws java.nio.file.FileAlreadyExistsException when the id is in use
    public Path begin(String id) throws IOException {
        return begin(id, SAVING);
    }

    /// As [#begin], for parts that exist elsewhere and are brought here.
    public Path beginCopy(String id) throws IOException {
        return begin(id, FETCHING);
    }

    private Path begin(String id, String marker) throws IOException {
        Files.createDirectories(root, PRIVATE);
        Path directory = Files.createDirectory(directory(id), PRIVATE);
        Files.createFile(directory.resolve(marker));
        return directory;
    }

    /// Whether one that is not complete was being saved, so that there is no other copy of it that counts.
    public boolean isSaving(String id) {
        return Files.exists(directory(id).resolve(SAVING));
    }

    /// The directory of one that was begun.
    public Path pending(String id) {
        return directory(id);
    }

    /// Forces the parts to the disk, then the directory (fsync(2)): a manifest that survives a power cut finds its parts.
    /// When this returns, the artifact exists here; when it throws, it does not.
    public void complete(String id) throws IOException {
        Path directory = directory(id);
        try (Stream<Path> parts = Files.list(directory)) {
            for (Path part : parts.toList()) {
                try (FileChannel file = FileChannel.open(part, StandardOpenOption.WRITE)) {
                    file.force(true);
                }
            }
        }
        Files.deleteIfExists(directory.resolve(SAVING));
        Files.deleteIfExists(directory.resolve(FETCHING));
        for (Path path : List.of(directory, root)) {
            try (FileChannel entries = FileChannel.open(path, StandardOpenOption.READ)) {
                entries.force(true);
            }
        }
    }

    /// The directory of an artifact with all of its parts; empty when there is no complete one here. The content is not
    /// checked: the digests are in the manifest.
    public Optional<Path> open(String id) {
        Path directory = directory(id);
        return isComplete(directory) ? Optional.of(directory) : Optional.empty();
    }

    /// All complete ones.
    public List<String> ids() throws IOException {
        return list(LocalArtifacts::isComplete);
    }

    /// What saves and fetches left that did not end, and what was damaged so that its manifest is gone.
    public List<String> unfinished() throws IOException {
        return list(path -> !isComplete(path));
    }

    private static boolean isComplete(Path directory) {
        return Files.isRegularFile(directory.resolve(MANIFEST)) 
                && !Files.exists(directory.resolve(SAVING))
                && !Files.exists(directory.resolve(FETCHING));
    }

    private List<String> list(Predicate<Path> wanted) throws IOException {
        try (Stream<Path> entries = Files.list(root)) {
            return entries.filter(wanted)
                    .map(path -> path.getFileName().toString())
                    .filter(name -> ID.matcher(name).matches())
                    .sorted()
                    .toList();
        } catch (NoSuchFileException none) {
            return List.of();
        }
    }

    /// Removes it, manifest first. Machines that run from it go on. Does nothing when there is none.
    public void delete(String id) throws IOException {
        Path directory = directory(id);
        if (!Files.isDirectory(directory)) {
            return;
        }
        Files.deleteIfExists(directory.resolve(MANIFEST));
        try (Stream<Path> parts = Files.list(directory)) {
            for (Path part : parts.toList()) {
                Files.deleteIfExists(part);
            }
        }
        Files.deleteIfExists(directory);
    }
}
