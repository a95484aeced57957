package dev.declaw.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.linux.HostProcess;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.snapshot.DiskChain;
import dev.declaw.runtime.snapshot.MachineShape;
import dev.declaw.runtime.storage.Part;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The small parts of a host's bookkeeping.
class MemoryBudgetTest {
    @Test
    void memoryIsPromisedUpToTheLimitAndNoFurther() {
        MemoryBudget budget = new MemoryBudget(100);
        budget.take(60);
        assertThatThrownBy(() -> budget.take(41)).isInstanceOf(PlatformFailure.NoCapacity.class);
        budget.take(40);
        budget.giveBack(60);
        budget.take(60);
        budget.adopt(50);
        assertThatThrownBy(() -> budget.take(1)).isInstanceOf(PlatformFailure.NoCapacity.class);
    }

    @Test
    void releasesRunOnceNewestFirstAndAllOfThem() {
        List<String> order = new ArrayList<>();
        Releases releases = new Releases();
        releases.add("a", () -> order.add("a"));
        releases.add("b", () -> {
            throw new IllegalArgumentException("stuck");
        });
        releases.add("c", () -> order.add("c"));
        assertThatThrownBy(releases::run)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("could not release b")
                .hasRootCauseMessage("stuck");
        assertThat(order).containsExactly("c", "a");
        releases.run();
        assertThat(order).hasSize(2);
    }

    @Test
    void aManifestIsReadWholeOrNotAtAll(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("vm.json");
        VmManifest manifest = new VmManifest(
                new HostProcess(123, 456),
                640,
                new MachineShape("base", "abc", 1, 512, 1024),
                DiskChain.of(Path.of("/base"), "raw").plus("layer-0123456789abcdef", new Part(6, "digest", "seal")),
                Optional.of(new VmManifest.Saving("snap-1", "layer-fedcba9876543210")));
        manifest.write(file);
        assertThat(VmManifest.read(file)).isEqualTo(manifest);
        String text = Files.readString(file, StandardCharsets.UTF_8);
        for (int length = 0; length < text.length(); length++) {
            Files.writeString(file, text.substring(0, length));
            assertThatThrownBy(() -> VmManifest.read(file)).as("cut at %d", length).isInstanceOf(IOException.class);
        }
    }

    @Test
    void everySandboxHasItsOwnUserAboveAllOthers() {
        SandboxId one = new SandboxId("sbx-00000001");
        assertThat(VmmUser.of(one)).isEqualTo(VmmUser.of(one)).isBetween(1_900_000_000, 2_099_999_999);
        assertThat(VmmUser.of(one)).isNotEqualTo(VmmUser.of(new SandboxId("sbx-00000002")));
    }
}
