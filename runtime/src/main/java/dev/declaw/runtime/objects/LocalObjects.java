package dev.declaw.runtime.objects;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Objects as files below a directory, readable for its owner only. An object is written beside its place, forced to the
/// disk (fsync(2)) and renamed, so it is there as a whole or not at all, also after a power cut.
public final class LocalObjects implements ObjectStore {
    private static final String TEMPORARY = ".tmp-";
    private static final FileAttribute<?> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private final Path root;

    public LocalObjects(Path root) {
        this.root = root;
    }

    private Path path(String name) {
        return root.resolve(ObjectStore.requireName(name));
    }

    @Override
    public void put(String name, byte[] content) throws IOException {
        Path file = path(name);
        Files.createDirectories(file.getParent(), PRIVATE);
        Path temporary = Files.createTempFile(file.getParent(), TEMPORARY, "");
        try {
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                for (ByteBuffer left = ByteBuffer.wrap(content); left.hasRemaining(); ) {
                    channel.write(left);
                }
                channel.force(true);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
            force(file.getParent());
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    @Override
    public byte[] get(String name, long offset, int length) throws IOException {
        try (FileChannel channel = FileChannel.open(path(name), StandardOpenOption.READ)) {
            ByteBuffer content = ByteBuffer.allocate(length);
            while (content.hasRemaining()) {
                if (channel.read(content, offset + content.position()) < 0) {
                    throw new EOFException("the object " + name + " ends at " + channel.size() + " bytes");
                }
            }
            return content.array();
        } catch (NoSuchFileException none) {
            throw new FileNotFoundException("there is no object " + name + " in " + this);
        }
    }

    @Override
    public Optional<Long> size(String name) throws IOException {
        try {
            return Optional.of(Files.size(path(name)));
        } catch (NoSuchFileException none) {
            return Optional.empty();
        }
    }

    /// Only what lies in the directory of the prefix: a prefix ends with a slash or lies in one directory.
    @Override
    public List<String> list(String prefix) throws IOException {
        int slash = prefix.lastIndexOf('/');
        Path directory = slash < 0 ? root : root.resolve(ObjectStore.requireName(prefix.substring(0, slash)));
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.map(entry -> prefix.substring(0, slash + 1) + entry.getFileName())
                    .filter(name -> name.startsWith(prefix) && !name.substring(slash + 1).startsWith(TEMPORARY))
                    .sorted()
                    .toList();
        } catch (NoSuchFileException none) {
            return List.of();
        }
    }

    @Override
    public void delete(String name) throws IOException {
        Path file = path(name);
        if (Files.deleteIfExists(file)) {
            force(file.getParent());
        }
    }

    private static void force(Path directory) throws IOException {
        try (FileChannel entries = FileChannel.open(directory, StandardOpenOption.READ)) {
            entries.force(true);
        }
    }

    @Override
    public String toString() {
        return "the directory " + root;
    }

    @Override
    public void close() {}
}
