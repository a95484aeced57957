package dev.declaw.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.linux.HostProcess;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.guest.HttpGuestClient;
import dev.declaw.runtime.snapshot.DiskChain;
import dev.declaw.runtime.snapshot.HostKey;
import dev.declaw.runtime.snapshot.MachineShape;
import dev.declaw.runtime.snapshot.SnapshotManifest;
import dev.declaw.runtime.storage.DiskLayers;
import dev.declaw.runtime.storage.LocalArtifacts;
import dev.declaw.runtime.storage.Part;
import dev.declaw.runtime.storage.QcowLayer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
        saved = new SavedMachines(directory, artifacts, layers);
        base = Files.write(directory.resolve("base"), new byte[1 << 20]);
    }

    private void save(Path layer) throws IOException {
        layers.take(LAYER, layer);
        Path parts = artifacts.begin(SNAPSHOT);
        DiskChain disk = DiskChain.of(base, "raw").plus(LAYER, Part.of(layers.path(LAYER)));
        new SnapshotManifest(SNAPSHOT, Instant.now(), HERE, SHAPE, "token", Map.of(), disk).write(parts);
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
        assertThatThrownBy(() -> save.snapshot(SNAPSHOT)).isInstanceOf(PlatformFailure.InternalFailure.class);
        assertThat(sandbox.nextDisk()).hasContent("what the guest has written since");
        assertThat(VmManifest.read(sandbox.manifest()).saving()).contains(new VmManifest.Saving("snap-0", LAYER));
        assertThat(artifacts.unfinished()).isEmpty();
    }
}
