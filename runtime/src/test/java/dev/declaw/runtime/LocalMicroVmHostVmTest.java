package dev.declaw.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.linux.HostProcess;
import dev.declaw.linux.NetworkNamespace;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.network.Slot;
import dev.declaw.runtime.template.Template;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Lives and deaths of microVMs and of the host object: nothing may be left, and nothing of others may be touched.
@Tag("vm")
class LocalMicroVmHostVmTest {
    private VmFixture fixture;

    @BeforeEach
    void open() throws IOException {
        fixture = new VmFixture();
    }

    @AfterEach
    void close() throws IOException {
        for (MicroVm left : fixture.restart().adopt()) {
            left.kill();
        }
        fixture.close();
    }

    private void assertNothingIsLeft(SandboxId id) {
        assertThat(HostProcess.withArgument(id.value())).isEmpty();
        assertThat(Slot.of(id).exists()).isFalse();
        assertThat(NetworkNamespace.list("declaw-" + id.value())).isEmpty();
        assertThat(fixture.state().resolve("sandboxes").resolve(id.value())).doesNotExist();
    }

    @Test
    void aKillLeavesNothingAndSaysThatTheVmmEnded() throws Exception {
        LocalMicroVm vm = fixture.boot();
        assertThat(HostProcess.withArgument(vm.id().value())).containsExactly(vm.process());
        assertThat(vm.exited().toCompletableFuture()).isNotDone();
        assertThat(vm.usage().memoryMib()).isPositive();

        long start = System.nanoTime();
        vm.kill();
        System.out.println("kill: " + (System.nanoTime() - start) / 1_000_000 + " ms");

        assertNothingIsLeft(vm.id());
        vm.exited().toCompletableFuture().get(10, TimeUnit.SECONDS);
        vm.kill();
        assertThat(vm.guest().healthy(Duration.ofSeconds(1))).isFalse();
        assertThat(vm.usage().memoryMib()).isZero();
    }

    @Test
    void aGuestThatPowersOffIsReported() throws Exception {
        LocalMicroVm vm = fixture.boot();
        VmFixture.identify(vm);
        try {
            VmFixture.run(vm, "root", "kill -TERM 1; sleep 60");
        } catch (PlatformFailure.GuestUnreachable cutOff) {
            // The machine went away under the command.
        }
        vm.exited().toCompletableFuture().get(30, TimeUnit.SECONDS);
        vm.kill();
        assertNothingIsLeft(vm.id());
    }

    @Test
    void aNewHostAdoptsWhatIsWholeAndRemovesTheRest() throws Exception {
        LocalMicroVm whole = fixture.boot();
        VmFixture.identify(whole);
        LocalMicroVm unfinished = fixture.boot();
        Files.delete(fixture.state().resolve("sandboxes/" + unfinished.id() + "/vm.json"));
        SandboxId slotOnly = VmFixture.newId();
        Files.createDirectory(fixture.state().resolve("sandboxes/" + slotOnly));
        Slot.of(slotOnly).create();
        SandboxId stranger = VmFixture.newId();
        Slot.of(stranger).create();
        try {
            List<MicroVm> adopted = fixture.restart().adopt();

            assertThat(adopted).extracting(MicroVm::id).containsExactly(whole.id());
            assertNothingIsLeft(unfinished.id());
            assertNothingIsLeft(slotOnly);
            assertThat(Slot.of(stranger).exists()).as("a slot of another server").isTrue();
            VmFixture.identify(adopted.getFirst());
            assertThat(VmFixture.run(adopted.getFirst(), "user", "echo alive").stdout()).isEqualTo("alive\n");
            assertThat(adopted.getFirst().exited().toCompletableFuture()).isNotDone();
            adopted.getFirst().kill();
            assertNothingIsLeft(whole.id());
            adopted.getFirst().exited().toCompletableFuture().get(10, TimeUnit.SECONDS);
        } finally {
            Slot.of(stranger).delete();
        }
    }

    @Test
    void aManifestWhoseProcessIsGoneIsRemovedWithoutHarmToItsNumbersNewOwner() throws Exception {
        LocalMicroVm vm = fixture.boot();
        Path manifest = fixture.state().resolve("sandboxes/" + vm.id() + "/vm.json");
        HostProcess self = HostProcess.of(ProcessHandle.current().pid()).orElseThrow();
        VmManifest whole = VmManifest.read(manifest);
        new VmManifest(self, 512, whole.shape(), whole.disk(), Optional.empty()).write(manifest);

        assertThat(fixture.restart().adopt()).isEmpty();

        assertNothingIsLeft(vm.id());
        assertThat(self.alive()).isTrue();
    }

    @Test
    void aBootThatFailsLeavesNothing(@TempDir Path elsewhere) throws Exception {
        Template base = fixture.host().template("base").orElseThrow();
        Path broken = elsewhere.resolve("disk.ext4");
        Files.writeString(broken, "not a disk");
        Template unbootable = new Template("base", base.digest(), broken, 1, 256, 64);
        SandboxId id = VmFixture.newId();

        assertThatThrownBy(() -> fixture.host().boot(id, unbootable)).isInstanceOf(PlatformFailure.InternalFailure.class);

        assertNothingIsLeft(id);
    }

    @Test
    void anIdIsBootedOnceAtATime() {
        LocalMicroVm vm = fixture.boot();
        Template base = fixture.host().template("base").orElseThrow();
        assertThatThrownBy(() -> fixture.host().boot(vm.id(), base)).isInstanceOf(PlatformFailure.Conflict.class);
        assertThat(vm.guest().healthy(Duration.ofSeconds(10))).isTrue();
        vm.kill();
    }

    @Test
    void memoryIsPromisedOnce() {
        Template base = fixture.host().template("base").orElseThrow();
        Template huge = new Template("base", base.digest(), base.disk(), 1, 1_000_000, base.diskMib());
        SandboxId id = VmFixture.newId();
        assertThatThrownBy(() -> fixture.host().boot(id, huge))
                .isInstanceOfSatisfying(PlatformFailure.NoCapacity.class, failure ->
                        assertThat(failure.code()).isEqualTo("no_memory"));
        assertNothingIsLeft(id);
    }

    @Test
    void aSecondHostOnTheSameStateDirectoryIsRefused() {
        assertThatThrownBy(() -> LocalMicroVmHost.withOwnStore(
                        HostConfig.of(fixture.state(), Path.of("/nowhere"), Path.of("/nowhere/envd"), 1024)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("another server uses");
    }
}
