package dev.declaw.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import dev.declaw.linux.HostProcess;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.guest.HttpGuestClient;
import dev.declaw.runtime.snapshot.DiskChain;
import dev.declaw.runtime.snapshot.HostKey;
import dev.declaw.runtime.snapshot.MachineShape;
import dev.declaw.runtime.snapshot.SnapshotManifest;
import dev.declaw.runtime.storage.Digests;
import dev.declaw.runtime.storage.DiskLayers;
import dev.declaw.runtime.storage.LocalArtifacts;
import dev.declaw.runtime.storage.Part;
import dev.declaw.runtime.storage.QcowLayer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Snapshots and disk layers on a real file system, without a VMM.
final class SavedMachinesTest {
    private static final HostKey HERE = new HostKey(Map.of("vmm", "QEMU"));
    private static final MachineShape SHAPE = new MachineShape("base", "digest", 1, 512, 64);
    private static final String SNAPSHOT = "snap-1";
    private static final String LAYER = "layer-0123456789abcdef";

    @TempDir
    Path directory;

    private DiskLayers layers;
    private LocalArtifacts artifacts;
    private SavedMachines saved;
    private Path base;

    @BeforeEach
    void host() throws IOException {
        layers = new DiskLayers(directory.resolve("layers"));
        artifacts = new LocalArtifacts(directory.resolve("snapshots"));
        saved = new SavedMachines(directory, artifacts, layers, SnapshotStore.below(directory));
        base = Files.write(directory.resolve("base"), new byte[1 << 20]);
    }

    private void save(Path layer) throws IOException {
        layers.take(LAYER, layer);
        Path parts = artifacts.begin(SNAPSHOT);
        DiskChain disk = DiskChain.of(base, "raw").plus(LAYER, Part.of(layers.path(LAYER)));
        new SnapshotManifest(SNAPSHOT, new SnapshotManifest.Source("tenant-1", "sbx-1"), Instant.now(), HERE, SHAPE, "token", Map.of(), disk).write(parts);
        saved.complete(SNAPSHOT, false);
    }

    private Path layerOn(Path backing) throws IOException {
        Path layer = directory.resolve("active");
        QcowLayer.create(layer, 64L << 20, backing, "raw");
        return layer;
    }

    @Test
    void aLayerStaysWhileAMachineStartsFromASnapshotThatIsDeleted() throws IOException {
        save(layerOn(base));
        try (SavedMachines.Saved starting = saved.open(SNAPSHOT, manifest -> HERE)) {
            saved.delete(SNAPSHOT);
            assertThat(starting.manifest().disk().top(layers)).exists();
        }
        saved.delete("snap-2");
        assertThat(layers.path(LAYER)).doesNotExist();
    }

    /// The VMM writes its layer's header; if its guest has broken out of it, it names any file of the host.
    @ParameterizedTest
    @ValueSource(strings = {
        "qemu-img rebase -u -f qcow2 -F raw -b /etc/shadow",
        "qemu-img rebase -u -f qcow2 -F qcow2 -b base",
        "qemu-img snapshot -c inside",
        "data-file",
        "nonsense",
    })
    void aLayerThatLeadsToAnotherFileIsNotOpened(String change) throws IOException {
        Path layer = layerOn(base);
        if (change.equals("data-file")) {
            Files.delete(layer);
            qemu("qemu-img", "create", "-q", "-f", "qcow2", "-o", "data_file=" + directory.resolve("data"), layer.toString(), "64M");
        } else if (change.equals("nonsense")) {
            Files.write(layer, new byte[300]);
        } else {
            List<String> words = new ArrayList<>(List.of(change.replace("-b base", "-b " + base).split(" ")));
            words.add(layer.toString());
            qemu(words.toArray(String[]::new));
        }
        save(layer);
        assertThatThrownBy(() -> saved.open(SNAPSHOT, manifest -> HERE))
                .isInstanceOf(PlatformFailure.Unprocessable.class);
    }

    @Test
    void aLayerThatQemuHasWrittenAndMergedIsOurs() throws IOException {
        Path below = directory.resolve("below");
        QcowLayer.create(below, 64L << 20, base, "raw");
        Path layer = directory.resolve("active");
        QcowLayer.create(layer, 64L << 20, below, "qcow2");
        qemu("qemu-io", "-c", "write 1M 64k", layer.toString());
        qemu("qemu-img", "rebase", "-q", "-f", "qcow2", "-F", "raw", "-b", base.toString(), layer.toString());
        save(layer);
        saved.open(SNAPSHOT, manifest -> HERE).close();
    }

    private static void qemu(String... words) {
        Exec.run(Command.of(words));
    }

    @Test
    void aSnapshotThatIsRefusedHoldsNothing() throws IOException {
        save(layerOn(base));
        assertThatThrownBy(() -> saved.open(SNAPSHOT, manifest -> new HostKey(Map.of("vmm", "another"))))
                .isInstanceOf(PlatformFailure.Unprocessable.class);
        saved.delete(SNAPSHOT);
        assertThat(layers.path(LAYER)).doesNotExist();
    }

    @Test
    void aSaveLeavesTheDiskAloneWhileTheOneBeforeIsNotTakenBack() throws IOException {
        SandboxDirectory sandbox = SandboxDirectory.of(directory, new SandboxId("sbx-0123456789abcdef"));
        sandbox.create();
        // The machine writes to the next layer already; its VMM did not answer when that save was taken back.
        Files.writeString(sandbox.nextDisk(), "what the guest has written since");
        VmManifest manifest = new VmManifest(
                new HostProcess(1, 1),
                600,
                SHAPE,
                DiskChain.of(base, "raw"),
                Optional.of(new VmManifest.Saving("snap-0", LAYER)));
        manifest.write(sandbox.manifest());
        HttpGuestClient guest = new HttpGuestClient(
                () -> {
                    throw new IOException("no guest");
                },
                "127.0.0.1");
        VmSave save = new VmSave(
                sandbox,
                manifest.process(),
                () -> {
                    throw new IllegalStateException("the VMM does not answer");
                },
                guest,
                saved,
                () -> HERE,
                manifest);
        assertThatThrownBy(() -> save.snapshot(SNAPSHOT, "tenant-1")).isInstanceOf(PlatformFailure.InternalFailure.class);
        assertThat(sandbox.nextDisk()).hasContent("what the guest has written since");
        assertThat(VmManifest.read(sandbox.manifest()).saving()).contains(new VmManifest.Saving("snap-0", LAYER));
        assertThat(artifacts.unfinished()).isEmpty();
    }

    @Test
    void filesOfAStoredSnapshotGoWhenThereIsNoRoomAndComeBackWhenTheyAreNeeded() throws IOException {
        SnapshotStore own = SnapshotStore.below(directory);
        SavedMachines tight = new SavedMachines(
                directory, artifacts, layers, new SnapshotStore(own.objects(), own.keys(), false, 0));
        layers.take(LAYER, layerOn(base));
        Path parts = artifacts.begin(SNAPSHOT);
        Path memory = Files.write(parts.resolve("memory"), "content".repeat(100_000).getBytes(StandardCharsets.US_ASCII));
        String digest = Digests.ofFile(memory);
        String layerDigest = Digests.ofFile(layers.path(LAYER));
        DiskChain disk = DiskChain.of(base, "raw").plus(LAYER, Part.of(layers.path(LAYER)));
        new SnapshotManifest(
                        SNAPSHOT, new SnapshotManifest.Source("tenant-1", "sbx-1"), Instant.now(), HERE, SHAPE, "token",
                        Map.of("memory", Part.of(memory)), disk)
                .write(parts);
        assertThat(tight.complete(SNAPSHOT, false)).isPositive();
        try (SavedMachines.Saved inUse = tight.open(SNAPSHOT, manifest -> HERE)) {
            tight.delete("snap-2");
            assertThat(inUse.memory()).as("a machine starts from it").exists();
        }
        tight.delete("snap-2");
        assertThat(artifacts.open(SNAPSHOT)).isEmpty();
        assertThat(layers.path(LAYER)).doesNotExist();
        assertThat(tight.ids()).containsExactly(SNAPSHOT);

        try (SavedMachines.Saved back = tight.open(SNAPSHOT, manifest -> HERE)) {
            assertThat(Digests.ofFile(back.memory())).isEqualTo(digest);
            assertThat(Digests.ofFile(layers.path(LAYER))).isEqualTo(layerDigest);
        }
        tight.delete(SNAPSHOT);
        assertThat(tight.ids()).isEmpty();
        assertThatThrownBy(() -> tight.open(SNAPSHOT, manifest -> HERE)).isInstanceOf(PlatformFailure.NotFound.class);
    }

    @Test
    void aFetchThatBrokeOffTakesNothingFromTheStore() throws IOException {
        save(layerOn(base));
        artifacts.delete(SNAPSHOT);
        artifacts.beginCopy(SNAPSHOT);
        saved.sweep();
        saved.open(SNAPSHOT, manifest -> HERE).close();
        artifacts.delete(SNAPSHOT);
        artifacts.begin(SNAPSHOT);
        saved.sweep();
        assertThat(saved.ids()).as("a save that broke off is taken back").isEmpty();
    }
}
