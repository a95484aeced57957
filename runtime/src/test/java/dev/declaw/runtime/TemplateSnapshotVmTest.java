package dev.declaw.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.runtime.guest.GuestClient;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Machines that go on from one saved machine of their template: nothing of an identity is shared, and a saved machine that
/// cannot be used costs time, never a sandbox.
@Tag("vm")
class TemplateSnapshotVmTest {
    private VmFixture fixture;

    @BeforeEach
    void open() throws IOException {
        fixture = VmFixture.withCacheOfItsOwn();
    }

    @AfterEach
    void close() throws IOException {
        for (MicroVm left : fixture.restart().adopt()) left.kill();
        fixture.close();
    }

    private List<Path> manifests() throws IOException {
        try (Stream<Path> all = Files.walk(fixture.cache().resolve("snapshot"))) {
            return all.filter(path -> path.getFileName().toString().equals("manifest.json")).toList();
        }
    }

    private record Identity(String random, String uuid, String python, String machineId, String hostname, String bootId) {}

    private Identity identity(MicroVm vm, String token, String name) {
        vm.guest().init(new GuestClient.GuestIdentity(token, name, Map.of(), Optional.empty()));
        VmFixture.Ran ran = VmFixture.run(
                vm,
                "user",
                "head -c 16 /dev/urandom | od -An -tx1; cat /proc/sys/kernel/random/uuid;"
                        + " python3 -c 'import random; print(random.random())'; cat /etc/machine-id; hostname;"
                        + " cat /proc/sys/kernel/random/boot_id");
        String[] lines = ran.stdout().split("\n");
        assertThat(lines).hasSize(6);
        return new Identity(lines[0], lines[1], lines[2], lines[3], lines[4], lines[5]);
    }

    @Test
    void machinesOfOneSavedMachineShareNoIdentityAndHaveTheRightTime() {
        List<LocalMicroVm> vms = List.of(fixture.boot(), fixture.boot());
        List<Identity> identities = new ArrayList<>();
        for (int i = 0; i < vms.size(); i++) {
            identities.add(identity(vms.get(i), VmFixture.TOKEN + i, "sandbox-" + i));
        }
        Identity one = identities.get(0);
        Identity two = identities.get(1);
        assertThat(one.random()).isNotEqualTo(two.random());
        assertThat(one.uuid()).isNotEqualTo(two.uuid());
        assertThat(one.python()).isNotEqualTo(two.python());
        assertThat(one.machineId()).isNotEqualTo(two.machineId());
        assertThat(one.bootId()).isNotEqualTo(two.bootId());
        assertThat(List.of(one.hostname(), two.hostname())).containsExactly("sandbox-0", "sandbox-1");
        for (LocalMicroVm vm : vms) {
            String seconds = VmFixture.run(vm, "user", "date +%s").stdout().strip();
            assertThat(Instant.ofEpochSecond(Long.parseLong(seconds)))
                    .isBetween(Instant.now().minusSeconds(30), Instant.now().plusSeconds(5));
            vm.kill();
        }
    }

    @Test
    void theTokenOfTheSavedMachineOpensNothingAfterTheFirstInit() throws IOException {
        String saved = Files.readString(manifests().getFirst()).replaceAll(".*\"guest_token\":\"([0-9a-f]+)\".*", "$1");
        LocalMicroVm vm = fixture.boot();
        VmFixture.identify(vm);
        try (var intruder = new dev.declaw.runtime.guest.HttpGuestClient(
                vm.slot()::openChannel, dev.declaw.runtime.network.Slot.GUEST_ADDRESS)) {
            intruder.authenticate(saved);
            assertThat(org.assertj.core.api.Assertions.catchThrowable(intruder::processes)).isNotNull();
            intruder.authenticate(VmFixture.TOKEN);
            assertThat(intruder.processes()).isEmpty();
        }
        vm.kill();
    }

    @Test
    void aDamagedSavedMachineIsNotUsedAndMadeAnew() throws Exception {
        Path damaged = manifests().getFirst().getParent();
        try (RandomAccessFile memory = new RandomAccessFile(damaged.resolve("memory").toFile(), "rw")) {
            memory.seek(memory.length() / 2);
            memory.write(1);
        }
        LocalMicroVm vm = fixture.boot();
        VmFixture.identify(vm);
        assertThat(VmFixture.run(vm, "user", "echo alive").stdout()).isEqualTo("alive\n");
        vm.kill();
        assertThat(damaged.resolve("manifest.json")).doesNotExist();
        assertThat(damaged.resolve("disk.qcow2")).as("layers of others may lie on it").exists();
        for (int second = 0; second < 120 && manifests().isEmpty(); second++) TimeUnit.SECONDS.sleep(1);
        assertThat(manifests()).hasSize(1);
        assertThat(manifests().getFirst().getParent()).isNotEqualTo(damaged);
        LocalMicroVm next = fixture.boot();
        VmFixture.identify(next);
        next.kill();
    }

    @Test
    void aStateThatTheVmmRefusesIsNotTriedAgain() throws Exception {
        Path directory = manifests().getFirst().getParent();
        Path state = directory.resolve("state");
        byte[] bytes = Files.readAllBytes(state);
        bytes[bytes.length / 3] ^= 0x55;
        java.util.Arrays.fill(bytes, bytes.length / 2, bytes.length, (byte) 0xee);
        Files.write(state, bytes);
        // Sealed over the damage: only the VMM can notice it.
        var manifest = dev.declaw.runtime.snapshot.SnapshotManifest.read(directory);
        Map<String, dev.declaw.runtime.storage.Part> parts = new java.util.TreeMap<>(manifest.parts());
        parts.put("state", dev.declaw.runtime.storage.Part.of(state));
        new dev.declaw.runtime.snapshot.SnapshotManifest(
                        manifest.id(), manifest.source(), manifest.created(), manifest.key(), manifest.shape(),
                        manifest.guestToken(), parts, manifest.disk())
                .write(directory);

        LocalMicroVm vm = fixture.boot();
        VmFixture.identify(vm);
        vm.kill();
        assertThat(directory.resolve("manifest.json")).doesNotExist();
    }
}
