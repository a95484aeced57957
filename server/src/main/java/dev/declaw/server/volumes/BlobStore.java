package dev.declaw.server.volumes;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.auth.RandomTokens;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Contents of volumes on this machine: one folder per volume, one file per content, all with names made here. A blob is
/// written once and never changed. Thread-safe.
public final class BlobStore {
    private static final Logger LOG = LoggerFactory.getLogger(BlobStore.class);
    private static final int COPY_BYTES = 64 * 1024;

    private final Path root;
    private final RandomTokens tokens;

    /// @param id name of the file
    record Blob(String id, long bytes) {}

    /// More bytes came than there is room for.
    static final class FullException extends IOException {
        private static final long serialVersionUID = 1L;

        FullException() {
            super("the content is longer than there is room for");
        }
    }

    /// @param root made when it is missing, readable by its owner only
    public BlobStore(Path root, RandomTokens tokens) throws IOException {
        this.root = root;
        this.tokens = tokens;
        Files.createDirectories(root, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    /// Stores a stream, in constant memory. What was written of one that fails is removed.
    ///
    /// @param bytesMax room that there is
    /// @throws FullException when it is longer
    Blob write(String volumeId, InputStream content, long bytesMax) throws IOException {
        Path folder = Files.createDirectories(root.resolve(volumeId));
        String id = tokens.resourceId("blob");
        Path file = folder.resolve(id);
        long written = 0;
        try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            byte[] buffer = new byte[COPY_BYTES];
            for (int n = content.read(buffer); n >= 0; n = content.read(buffer)) {
                written += n;
                if (written > bytesMax) throw new FullException();
                out.write(buffer, 0, n);
            }
        } catch (IOException | RuntimeException e) {
            remove(volumeId, id);
            throw e;
        }
        return new Blob(id, written);
    }

    /// The caller closes the stream. A blob that is removed in the meantime can be read to its end.
    InputStream open(String volumeId, String id) {
        return find(volumeId, id)
                .orElseThrow(() -> new PlatformFailure.InternalFailure("the content of a file in a volume is missing", null));
    }

    /// As [#open]; empty for a blob that is not there any more.
    Optional<InputStream> find(String volumeId, String id) {
        try {
            return Optional.of(Files.newInputStream(root.resolve(volumeId).resolve(id)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new PlatformFailure.InternalFailure("the content of a file in a volume cannot be read", e);
        }
    }

    /// Removes a blob; one that stays is swept at the next start.
    void remove(String volumeId, String id) {
        try {
            Files.deleteIfExists(root.resolve(volumeId).resolve(id));
        } catch (IOException e) {
            LOG.warn("a blob of {} could not be removed; the next start tries again", volumeId, e);
        }
    }

    void removeAll(String volumeId) {
        Path folder = root.resolve(volumeId);
        try (DirectoryStream<Path> blobs = Files.newDirectoryStream(folder)) {
            for (Path blob : blobs) Files.deleteIfExists(blob);
            Files.deleteIfExists(folder);
        } catch (NoSuchFileException _) {
            // a volume that never held anything has no folder
        } catch (IOException e) {
            LOG.warn("the blobs of {} could not all be removed; the next start tries again", volumeId, e);
        }
    }

    /// Removes what no volume knows: left by a crash between a blob and its name.
    void sweep(String volumeId, List<String> known) throws IOException {
        Set<String> keep = new HashSet<>(known);
        Path folder = root.resolve(volumeId);
        if (!Files.isDirectory(folder)) return;
        try (DirectoryStream<Path> blobs = Files.newDirectoryStream(folder)) {
            for (Path blob : blobs) {
                if (!keep.contains(blob.getFileName().toString())) Files.deleteIfExists(blob);
            }
        }
    }

    /// Folders that are there.
    List<String> folders() throws IOException {
        java.util.ArrayList<String> names = new java.util.ArrayList<>();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(root)) {
            for (Path folder : folders) names.add(folder.getFileName().toString());
        }
        return names;
    }
}
