package dev.declaw.runtime.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.runtime.storage.LocalArtifacts;
import dev.declaw.runtime.storage.DiskLayers;
import dev.declaw.runtime.storage.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SnapshotManifestTest {
    private static final HostKey HERE = new HostKey(Map.of("vmm", "QEMU 7.2", "accelerator", "tcg"));

    private static final String LAYER = "layer-0123456789abcdef";

    @TempDir
    Path directory;

    private DiskLayers layers() {
        return new DiskLayers(directory.resolve("layers"));
    }

    private SnapshotManifest sealed() throws IOException {
        Path active = Files.writeString(directory.resolve("active"), "blocks");
        layers().take(LAYER, active);
        Files.writeString(directory.resolve("memory"), "memory of a machine");
        Files.writeString(directory.resolve("state"), "its devices");
        SnapshotManifest manifest = new SnapshotManifest(
                "snap-1",
                new SnapshotManifest.Source("tenant-1", "sbx-1"),
                Instant.parse("2026-01-02T03:04:05Z"),
                HERE,
                new MachineShape("base", "digest", 1, 512, 1024),
                "token",
                Map.of(
                        "memory", Part.of(directory.resolve("memory")),
                        "state", Part.of(directory.resolve("state"))),
                DiskChain.of(directory.resolve("state"), "raw").plus(LAYER, Part.of(layers().path(LAYER))));
        manifest.write(directory);
        return manifest;
    }

    @Test
    void whatWasWrittenIsReadAndNobodyElseMayReadIt() throws IOException {
        SnapshotManifest written = sealed();
        assertThat(SnapshotManifest.read(directory)).isEqualTo(written);
        assertThat(written.refusal(directory, HERE, layers())).isEmpty();
        assertThat(Files.getPosixFilePermissions(directory.resolve(LocalArtifacts.MANIFEST))).hasSize(2);
        assertThat(written.toString()).doesNotContain("token");
    }

    @Test
    void anotherHostIsToldWhatDiffers() throws IOException {
        HostKey other = new HostKey(Map.of("vmm", "QEMU 10.0", "accelerator", "tcg"));
        assertThat(sealed().refusal(directory, other, layers()))
                .contains("it was saved on another kind of host: vmm was 'QEMU 7.2' and is 'QEMU 10.0' here");
        assertThat(sealed().refusal(directory, new HostKey(Map.of("vmm", "QEMU 7.2", "accelerator", "tcg", "more", "x")), layers()))
                .get()
                .asString()
                .contains("more was 'nothing' and is 'x' here");
    }

    @Test
    void everyKindOfDamageIsRefusedWithItsReason() throws IOException {
        SnapshotManifest manifest = sealed();
        Files.writeString(directory.resolve("memory"), "memory of a-machine");
        assertThat(manifest.refusal(directory, HERE, layers())).contains("it is damaged: memory has another content than was sealed");
        Files.writeString(directory.resolve("memory"), "memory");
        assertThat(manifest.refusal(directory, HERE, layers())).contains("it is damaged: memory has 6 bytes instead of 19");
        Files.delete(directory.resolve("memory"));
        assertThat(manifest.refusal(directory, HERE, layers())).contains("it is damaged: memory is missing");
    }

    @Test
    void aDiskThatIsNotWholeIsRefused() throws IOException {
        SnapshotManifest manifest = sealed();
        Files.writeString(layers().path(LAYER), "block5");
        assertThat(manifest.refusal(directory, HERE, layers())).get().asString().startsWith("its disk is damaged: ");
        Files.delete(layers().path(LAYER));
        assertThat(manifest.refusal(directory, HERE, layers())).get().asString().endsWith(LAYER + ".qcow2 is missing");
        SnapshotManifest orphan = new SnapshotManifest(
                "snap-2", manifest.source(), manifest.created(), HERE, manifest.shape(), "token", manifest.parts(),
                DiskChain.of(directory.resolve("gone"), "raw"));
        assertThat(orphan.refusal(directory, HERE, layers())).get().asString().startsWith("the disk of its template is gone");
    }

    @Test
    void aTimeThatIsSetBackDoesNotHideAChange() throws IOException {
        SnapshotManifest manifest = sealed();
        FileTime before = Files.getLastModifiedTime(directory.resolve("state"));
        Files.writeString(directory.resolve("state"), "its-devices");
        Files.setLastModifiedTime(directory.resolve("state"), before);
        assertThat(manifest.refusal(directory, HERE, layers())).isPresent();
    }

    @Test
    void aCopyWithTheSameContentIsAccepted() throws IOException {
        SnapshotManifest manifest = sealed();
        Files.copy(directory.resolve("state"), directory.resolve("copy"));
        Files.move(directory.resolve("copy"), directory.resolve("state"), StandardCopyOption.REPLACE_EXISTING);
        assertThat(manifest.refusal(directory, HERE, layers())).isEmpty();
    }

    @Test
    void halfAManifestIsNone() throws IOException {
        assertThatThrownBy(() -> SnapshotManifest.read(directory)).isInstanceOf(NoSuchFileException.class);
        sealed();
        Path file = directory.resolve(LocalArtifacts.MANIFEST);
        String whole = Files.readString(file);
        for (String wrong : new String[] {
            "", "{}", whole.substring(0, whole.length() / 2), whole.replace("\"version\":1", "\"version\":2"),
            whole.replace("guest_token", "other"), whole.replace("2026-01-02", "2026-41-02"),
            whole.replace("\"memory\"", "\"../memory\"")
        }) {
            Files.writeString(file, wrong);
            assertThatThrownBy(() -> SnapshotManifest.read(directory)).isInstanceOf(IOException.class);
        }
    }
}
