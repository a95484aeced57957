package dev.declaw.runtime.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Artifacts, disk layers and their digests, on a real file system and with the real reader of layers.
final class StorageTest {
    private static final String ONE = "layer-0000000000000001";
    private static final String TWO = "layer-0000000000000002";

    @TempDir
    Path directory;

    @Test
    void anEmptyLayerIsWhatQemuExpects() throws IOException {
        Path base = directory.resolve("base");
        try (FileChannel file = FileChannel.open(base, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap("content of the base".getBytes()), (8L << 30) - 19);
        }
        Path layer = directory.resolve("layer.qcow2");
        QcowLayer.create(layer, 8L << 30, base, "raw");
        Exec.run(Command.of("qemu-img", "check", "-q", layer.toString()));
        assertThat(Exec.run(Command.of("qemu-img", "info", layer.toString())).text())
                .contains("virtual size: 8 GiB", "backing file: " + base, "backing file format: raw", "corrupt: false");
        Path upper = directory.resolve("upper.qcow2");
        QcowLayer.create(upper, 8L << 30, layer, "qcow2");
        Exec.run(Command.of("qemu-img", "compare", "-q", "-f", "qcow2", "-F", "raw", upper.toString(), base.toString()));
        assertThatThrownBy(() -> QcowLayer.create(layer, 1, base, "raw")).isInstanceOf(FileAlreadyExistsException.class);
        assertThatThrownBy(() -> QcowLayer.create(directory.resolve("x"), 1, Path.of("relative"), "raw"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aDigestKnowsWhereTheBytesAreAndHowLongTheFileIs() throws IOException {
        Path file = directory.resolve("file");
        Files.write(file, new byte[300_000]);
        String zeros = Digests.ofSparseFile(file);
        Files.write(file, new byte[300_001]);
        assertThat(Digests.ofSparseFile(file)).isNotEqualTo(zeros);
        byte[] bytes = new byte[300_000];
        bytes[70_000] = 1;
        Files.write(file, bytes);
        String one = Digests.ofSparseFile(file);
        bytes[70_000] = 0;
        bytes[200_000] = 1;
        Files.write(file, bytes);
        assertThat(Digests.ofSparseFile(file)).isNotEqualTo(one).isNotEqualTo(zeros);
    }

    @Test
    void anArtifactExistsWhenItsManifestDoes() throws IOException {
        LocalArtifacts store = new LocalArtifacts(directory.resolve("snapshots"));
        assertThat(store.ids()).isEmpty();
        Path parts = store.begin("snap-1");
        assertThatThrownBy(() -> store.begin("snap-1")).isInstanceOf(FileAlreadyExistsException.class);
        Files.writeString(parts.resolve("memory"), "m");
        assertThat(store.open("snap-1")).isEmpty();
        assertThat(store.unfinished()).containsExactly("snap-1");
        Files.writeString(parts.resolve(LocalArtifacts.MANIFEST), "{}");
        store.complete("snap-1");
        assertThat(store.open("snap-1")).contains(parts);
        assertThat(store.ids()).containsExactly("snap-1");
        assertThat(store.unfinished()).isEmpty();
        store.delete("snap-1");
        store.delete("snap-1");
        assertThat(parts).doesNotExist();
        assertThatThrownBy(() -> store.open("../outside")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void layersThatNobodyNamesGo() throws IOException {
        DiskLayers layers = new DiskLayers(directory.resolve("layers"));
        layers.keepOnly(Set.of());
        layers.take(ONE, Files.writeString(directory.resolve("a"), "one"));
        layers.take(TWO, Files.writeString(directory.resolve("b"), "two"));
        Path stranger = Files.writeString(directory.resolve("layers/other"), "not ours");
        layers.keepOnly(Set.of(TWO));
        assertThat(layers.path(ONE)).doesNotExist();
        assertThat(layers.path(TWO)).exists();
        assertThat(stranger).exists();
        layers.giveBack(TWO, directory.resolve("back"));
        assertThat(directory.resolve("back")).hasContent("two");
        assertThatThrownBy(() -> layers.path("../x")).isInstanceOf(IllegalArgumentException.class);
    }
}
