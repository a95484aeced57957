package dev.declaw.runtime.storage;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Disk layers that are never written again. Each lies on another one or on a template's disk, by its path, and any number
/// of snapshots and sandboxes may lie on one: a layer goes when nobody names it any more. Thread-safe for different ids.
public final class DiskLayers {
    private static final Pattern ID = Pattern.compile("layer-[0-9a-f]{16}");
    private static final String COPYING = "copying.tmp";
    private static final String SUFFIX = ".qcow2";

    private final Path root;

    public DiskLayers(Path root) {
        this.root = root;
    }

    /// Where all of them lie.
    public Path directory() {
        return root;
    }

    /// Where the layer with this id lies, or will lie.
    public Path path(String id) {
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException("not the id of a disk layer");
        }
        return root.resolve(id + SUFFIX);
    }

    /// Takes a layer in, for good also if the machine loses its power: from now on it is only read. A VMM that has it open may
    /// go on reading.
    public void take(String id, Path layer) throws IOException {
        Files.createDirectories(
                root, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        try (FileChannel content = FileChannel.open(layer, StandardOpenOption.WRITE)) {
            content.force(true);
        }
        Files.move(layer, path(id), StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel entries = FileChannel.open(root, StandardOpenOption.READ)) {
            entries.force(true);
        }
    }

    /// Takes in a copy of a layer that a VMM has open for writing: whoever is in that VMM can go on changing the file that he
    /// has open, but not what others lie on from now on. The caller removes the original.
    public void takeCopy(String id, Path layer) throws IOException {
        Files.createDirectories(
                root, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path copy = root.resolve(COPYING);
        Files.deleteIfExists(copy);
        SparseFile.copy(layer, copy);
        take(id, copy);
    }

    /// Gives a layer back that was taken by mistake.
    public void giveBack(String id, Path layer) throws IOException {
        Files.move(path(id), layer, StandardCopyOption.ATOMIC_MOVE);
    }

    /// Removes the layers that are not in the set. Nobody may take one in meanwhile.
    public void keepOnly(Set<String> named) throws IOException {
        try (Stream<Path> all = Files.list(root)) {
            for (Path layer : all.toList()) {
                String id = layer.getFileName().toString().replace(SUFFIX, "");
                if (ID.matcher(id).matches() && !named.contains(id)) {
                    Files.deleteIfExists(layer);
                }
            }
        } catch (NoSuchFileException none) {
            // Nothing was ever taken in.
        }
    }
}
