package dev.declaw.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.guest.GuestClient;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Pause, resume, snapshot and fork of real machines: not a byte is lost, and no identity is shared.
@Tag("vm")
class SnapshotVmTest {
    private VmFixture fixture;

    @BeforeEach
    void open() throws IOException {
        fixture = new VmFixture();
    }

    @AfterEach
    void close() throws IOException {
        for (MicroVm left : fixture.restart().adopt()) left.kill();
        fixture.close();
    }

    private static String run(MicroVm vm, String command) {
        VmFixture.Ran ran = VmFixture.run(vm, "user", command);
        assertThat(ran.exitCode()).as(ran.stderr()).isZero();
        return ran.stdout().strip();
    }

    private MicroVm resumed(SandboxId id, String snapshot) {
        MicroVm vm = fixture.host().resume(id, snapshot);
        VmFixture.identify(vm);
        return vm;
    }

    private List<Path> layers() throws IOException {
        try (Stream<Path> all = Files.list(fixture.state().resolve("layers"))) {
            return all.toList();
        }
    }

    @Test
    void whatRunsGoesOnAfterSeveralPausesWithEveryByteOfMemoryAndDisk() throws Exception {
        MicroVm vm = fixture.boot();
        SandboxId id = vm.id();
        VmFixture.identify(vm);
        // A process that holds random bytes in its memory and appends to a file, all the time.
        run(vm, """
                cat > /home/user/keeper.py <<'EOF'
                import hashlib, os, time
                held = os.urandom(20_000_000)
                open('/home/user/digest', 'w').write(hashlib.sha256(held).hexdigest())
                count = 0
                while True:
                    for path, text in (('/home/user/count', str(count)), ('/dev/shm/now', hashlib.sha256(held).hexdigest())):
                        with open(path + '.new', 'w') as out: out.write(text)
                        os.rename(path + '.new', path)
                    count += 1
                    time.sleep(0.05)
                EOF
                head -c 5000000 /dev/urandom > /home/user/blob; sha256sum /home/user/blob > /home/user/blob.sha256
                nohup python3 /home/user/keeper.py >/home/user/log 2>&1 &
                for i in $(seq 100); do [ -s /home/user/digest ] && break; sleep 0.2; done; cat /home/user/digest""");
        String digest = run(vm, "cat /home/user/digest");
        int count = 0;
        for (int cycle = 0; cycle < 3; cycle++) {
            String snapshot = "snap-0000000" + cycle;
            MicroVm.Saved saved = vm.pause(snapshot, VmFixture.TENANT);
            vm.kill();
            System.out.printf("pause: %d MiB, still for %d ms%n", saved.memoryBytes() >> 20, saved.still().toMillis());
            assertThat(saved.memoryBytes()).isGreaterThan(20_000_000);
            assertThat(fixture.state().resolve("sandboxes").resolve(id.value())).doesNotExist();
            long start = System.nanoTime();
            vm = fixture.host().resume(id, snapshot);
            long answered = System.nanoTime();
            VmFixture.identify(vm);
            System.out.printf("resume to first answer: %d ms, identity %d ms%n",
                    (answered - start) / 1_000_000, (System.nanoTime() - answered) / 1_000_000);
            run(vm, "rm -f /dev/shm/now; for i in $(seq 100); do [ -s /dev/shm/now ] && break; sleep 0.2; done");
            assertThat(run(vm, "cat /dev/shm/now")).isEqualTo(digest);
            assertThat(run(vm, "cd /home/user && sha256sum -c --quiet blob.sha256 && cat log")).isEmpty();
            int now = Integer.parseInt(run(vm, "cat /home/user/count"));
            assertThat(now).isGreaterThan(count);
            count = now;
            fixture.host().deleteSnapshot(snapshot);
        }
        assertThat(run(vm, "sync; sudo dmesg | grep -c -E 'I/O error|EXT4-fs error' || true")).isEqualTo("0");
        vm.kill();
        fixture.host().deleteSnapshot("snap-00000002");
        assertThat(layers()).isEmpty();
        assertThat(fixture.host().snapshots()).isEmpty();
    }

    @Test
    void aSnapshotDoesNotDisturbWhatRunsAndItsForksShareNoIdentity() throws Exception {
        MicroVm vm = fixture.boot();
        VmFixture.identify(vm);
        run(vm, "echo before > /home/user/file; echo kept > /dev/shm/memory; (sleep 1000 &) ; true");
        MicroVm.Saved saved = vm.snapshot("snap-aaaaaaaa", VmFixture.TENANT);
        System.out.printf("snapshot: %d MiB, still for %d ms%n", saved.memoryBytes() >> 20, saved.still().toMillis());
        run(vm, "echo after > /home/user/file");
        MicroVm.Saved second = vm.snapshot("snap-bbbbbbbb", VmFixture.TENANT);
        System.out.printf("snapshot: %d MiB, still for %d ms%n", second.memoryBytes() >> 20, second.still().toMillis());
        run(vm, "echo later > /home/user/file");

        MicroVm one = fixture.host().resume(VmFixture.newId(), "snap-aaaaaaaa");
        MicroVm two = fixture.host().resume(VmFixture.newId(), "snap-aaaaaaaa");
        MicroVm three = fixture.host().resume(VmFixture.newId(), "snap-bbbbbbbb");
        int number = 0;
        for (MicroVm fork : List.of(one, two, three)) {
            fork.guest().init(new GuestClient.GuestIdentity(
                    VmFixture.TOKEN.replace('0', (char) ('A' + number)), "fork-" + number++, Map.of(), Optional.empty()));
        }
        assertThat(run(one, "cat /home/user/file /dev/shm/memory; pgrep -c sleep")).isEqualTo("before\nkept\n1");
        assertThat(run(three, "cat /home/user/file")).isEqualTo("after");
        assertThat(run(vm, "cat /home/user/file; pgrep -c sleep")).isEqualTo("later\n1");
        String bootIds = "cat /proc/sys/kernel/random/boot_id";
        assertThat(run(one, bootIds)).isNotEqualTo(run(two, bootIds)).isNotEqualTo(run(vm, bootIds));
        String draw = "head -c 16 /dev/urandom | od -An -tx1; cat /proc/sys/kernel/random/uuid /etc/machine-id; hostname;"
                + " python3 -c 'import uuid; print(uuid.uuid4())'";
        assertThat(run(one, draw).split("\n")).doesNotContain(run(two, draw).split("\n"));
        for (MicroVm fork : List.of(one, two, three, vm)) {
            assertThat(Instant.ofEpochSecond(Long.parseLong(run(fork, "date +%s"))))
                    .isBetween(Instant.now().minusSeconds(30), Instant.now().plusSeconds(5));
        }

        run(one, "echo one > /home/user/file");
        fixture.host().deleteSnapshot("snap-aaaaaaaa");
        assertThat(run(one, "cat /home/user/file")).isEqualTo("one");
        MicroVm four = fixture.host().resume(VmFixture.newId(), "snap-bbbbbbbb");
        four.guest().init(new GuestClient.GuestIdentity(VmFixture.TOKEN + "4", "fork-4", Map.of(), Optional.empty()));
        assertThat(run(four, "cat /home/user/file")).as("its lower layer is shared with a deleted snapshot").isEqualTo("after");
        for (MicroVm each : List.of(vm, one, two, three, four)) each.kill();
        fixture.host().deleteSnapshot("snap-bbbbbbbb");
        assertThat(layers()).isEmpty();
    }

    @Test
    void connectionsFromBeforeThePauseFailAtOnceAndThoseWithinTheGuestGoOn() throws Exception {
        MicroVm vm = fixture.boot();
        VmFixture.identify(vm);
        try (SlotPeer _ = new SlotPeer(vm.openSockets(), true)) {
            run(vm, """
                    cat > /home/user/wait.py <<'EOF'
                    import socket, threading, time
                    server = socket.create_server(('127.0.0.1', 7000))
                    inside = socket.create_connection(('127.0.0.1', 7000)); accepted = server.accept()[0]
                    outside = socket.create_connection(('203.0.113.7', 80))
                    open('/home/user/connected', 'w').write('yes')
                    try:
                        outside.recv(1)
                        result = 'closed'
                    except OSError as failure:
                        result = type(failure).__name__
                    inside.sendall(b'x'); result += ' ' + accepted.recv(1).decode()
                    open('/home/user/result', 'w').write(result)
                    EOF
                    nohup python3 /home/user/wait.py >/home/user/log 2>&1 &
                    for i in $(seq 100); do [ -s /home/user/connected ] && break; sleep 0.2; done
                    cat /home/user/connected || { cat /home/user/log >&2; ss -tn >&2; false; }""");
            vm.pause("snap-cccccccc", VmFixture.TENANT);
            vm.kill();
        }
        MicroVm again = resumed(vm.id(), "snap-cccccccc");
        assertThat(run(again, "for i in $(seq 50); do [ -s /home/user/result ] && break; sleep 0.2; done; cat /home/user/result"))
                .isEqualTo("ConnectionAbortedError x");
        again.kill();
    }

    @Test
    void aSnapshotThatIsDamagedPartialOrForeignIsRefusedWithTheReason() throws Exception {
        MicroVm vm = fixture.boot();
        VmFixture.identify(vm);
        run(vm, "echo kept > /home/user/file");
        vm.snapshot("snap-dddddddd", VmFixture.TENANT);
        vm.kill();
        Path directory = fixture.state().resolve("snapshots/snap-dddddddd");
        Path manifest = directory.resolve("manifest.json");
        String whole = Files.readString(manifest);

        Files.writeString(manifest, whole.replaceFirst("QEMU emulator version [0-9.]+", "QEMU emulator version 1.0"));
        assertRefused("snap-dddddddd", "vmm was 'QEMU emulator version 1.0");
        Files.writeString(manifest, whole.replace("\"accelerator\":\"tcg\"", "\"accelerator\":\"other\"").replace(
                "\"accelerator\":\"kvm\"", "\"accelerator\":\"other\""));
        assertRefused("snap-dddddddd", "accelerator was 'other'");
        Files.writeString(manifest, whole.substring(0, whole.length() / 2));
        assertRefused("snap-dddddddd", "cannot be used");
        Files.writeString(manifest, whole);
        try (FileChannel memory = FileChannel.open(directory.resolve("memory"), StandardOpenOption.WRITE)) {
            memory.write(java.nio.ByteBuffer.wrap(new byte[] {1, 2, 3}), memory.size() / 2);
        }
        assertRefused("snap-dddddddd", "memory has another content");
        Files.delete(manifest);
        fixture.restart().adopt();
        assertThat(directory).as("what is left of a save that did not end").doesNotExist();
        MicroVm again = fixture.host().resume(VmFixture.newId(), "snap-dddddddd");
        VmFixture.identify(again);
        assertThat(run(again, "cat /home/user/file")).as("fetched from the store").isEqualTo("kept");
        again.kill();
        Files.delete(manifest);
        fixture.restart().adopt();
        try (Stream<Path> packs = Files.walk(fixture.state().resolve("store/packs"))) {
            Path pack = packs.filter(Files::isRegularFile).findFirst().orElseThrow();
            try (FileChannel channel = FileChannel.open(pack, StandardOpenOption.WRITE)) {
                channel.truncate(channel.size() - 1);
            }
        }
        assertRefused("snap-dddddddd", "cannot be used");
        fixture.host().deleteSnapshot("snap-dddddddd");
        assertThatThrownBy(() -> fixture.host().resume(VmFixture.newId(), "snap-dddddddd"))
                .isInstanceOf(PlatformFailure.NotFound.class);
        assertThat(fixture.host().snapshots()).isEmpty();
    }

    private void assertRefused(String snapshot, String reason) {
        assertThatThrownBy(() -> fixture.host().resume(VmFixture.newId(), snapshot))
                .isInstanceOf(PlatformFailure.Unprocessable.class)
                .hasMessageContaining(reason);
    }
}
