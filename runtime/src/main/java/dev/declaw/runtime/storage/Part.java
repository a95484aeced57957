package dev.declaw.runtime.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// One file of an artifact as it was when it was sealed.
///
/// @param bytes length
/// @param sha256 digest of the content, hex ([Digests#ofSparseFile])
/// @param seal what the file system says of the file (inode, times); it changes with every write. While it is unchanged, the
///     content is taken for unchanged without reading it: reading half a gigabyte would cost more than the restore
public record Part(long bytes, String sha256, String seal) {
    /// Reads the whole file.
    public static Part of(Path file) throws IOException {
        return new Part(Files.size(file), Digests.ofSparseFile(file), seal(file));
    }

    /// Why the file is not what was sealed; empty when it is. Reads it only when it was touched or came from elsewhere.
    public Optional<String> damage(Path file) throws IOException {
        try {
            if (Files.size(file) != bytes) {
                return Optional.of(file.getFileName() + " has " + Files.size(file) + " bytes instead of " + bytes);
            }
            if (!seal(file).equals(seal) && !Digests.ofSparseFile(file).equals(sha256)) {
                return Optional.of(file.getFileName() + " has another content than was sealed");
            }
            return Optional.empty();
        } catch (NoSuchFileException missing) {
            return Optional.of(file.getFileName() + " is missing");
        }
    }

    /// Inode and change time (stat(2)): the change time cannot be set by a program.
    private static String seal(Path file) throws IOException {
        Map<String, Object> attributes = Files.readAttributes(file, "unix:ino,ctime", LinkOption.NOFOLLOW_LINKS);
        return attributes.get("ino") + "-" + ((FileTime) attributes.get("ctime")).to(TimeUnit.NANOSECONDS);
    }
}
