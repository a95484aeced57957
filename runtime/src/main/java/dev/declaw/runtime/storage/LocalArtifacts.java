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

/// Artifacts as directories of this machine, readable for root only.
public final class LocalArtifacts implements ArtifactStore {
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

    @Override
    public Path begin(String id) throws IOException {
        Files.createDirectories(root, PRIVATE);
        return Files.createDirectory(directory(id), PRIVATE);
    }

    /// Forces the parts to the disk, then the directory (fsync(2)): a manifest that survives a power cut finds its parts.
    @Override
    public void complete(String id) throws IOException {
        Path directory = directory(id);
        try (Stream<Path> parts = Files.list(directory)) {
            for (Path part : parts.toList()) {
                try (FileChannel file = FileChannel.open(part, StandardOpenOption.WRITE)) {
                    file.force(true);
                }
            }
        }
        for (Path path : List.of(directory, root)) {
            try (FileChannel entries = FileChannel.open(path, StandardOpenOption.READ)) {
                entries.force(true);
            }
        }
    }

    @Override
    public Optional<Path> open(String id) {
        Path directory = directory(id);
        return Files.isRegularFile(directory.resolve(MANIFEST)) ? Optional.of(directory) : Optional.empty();
    }

    @Override
    public List<String> ids() throws IOException {
        return list(path -> Files.isRegularFile(path.resolve(MANIFEST)));
    }

    @Override
    public List<String> unfinished() throws IOException {
        return list(path -> !Files.isRegularFile(path.resolve(MANIFEST)));
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

    @Override
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
