package dev.declaw.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.GuestClient.FileContent;
import dev.declaw.runtime.guest.GuestClient.FileEntry;
import dev.declaw.runtime.guest.GuestClient.ProcessInfo;
import dev.declaw.runtime.guest.GuestClient.ProcessSpec;
import dev.declaw.runtime.guest.GuestProcess;
import dev.declaw.runtime.guest.GuestProcess.Event;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// One microVM, booted once, and what the server does with its guest.
@Tag("vm")
class LocalMicroVmVmTest {
    private static final int UPLOAD_BYTES = 20 << 20;
    private static VmFixture fixture;
    private static LocalMicroVm vm;

    @BeforeAll
    static void boot() throws IOException {
        fixture = new VmFixture();
        long start = System.nanoTime();
        vm = fixture.boot();
        long booted = System.nanoTime();
        VmFixture.identify(vm);
        System.out.printf(
                "boot to first answer %d ms (VMM %.1f s of CPU), identity %d ms%n",
                (booted - start) / 1_000_000,
                vm.usage().cpuSeconds(),
                (System.nanoTime() - booted) / 1_000_000);
    }

    @AfterAll
    static void kill() throws IOException {
        if (vm != null) {
            vm.kill();
        }
        fixture.close();
    }

    private static ProcessSpec spec(String command, Optional<Duration> timeout, boolean stdin) {
        return new ProcessSpec(command, "user", Optional.empty(), Map.of("FROM_CALL", "too"), timeout, stdin);
    }

    @Test
    void aCommandRunsAsTheOrdinaryUserWithItsOutputAndStatus() {
        VmFixture.Ran ran = VmFixture.run(
                vm, spec("id -un; echo oops >&2; echo $FROM_INIT $FROM_CALL; pwd; exit 3", Optional.empty(), false));
        assertThat(ran.stdout()).isEqualTo("user\nyes too\n/home/user\n");
        assertThat(ran.stderr()).isEqualTo("oops\n");
        assertThat(ran.exitCode()).isEqualTo(3);
    }

    @Test
    void theTemplateHasWhatAgentsNeed() {
        assertThat(VmFixture.run(
                                vm,
                                "user",
                                "sudo id -un && git --version >/dev/null && curl --version >/dev/null && jq --version"
                                        + " >/dev/null && python3 -c 'import requests' && test -w /workspace && echo all")
                        .stdout())
                .isEqualTo("root\nall\n");
    }

    @Test
    void theGuestHasTheHostsTime() {
        String seconds = VmFixture.run(vm, "user", "date +%s").stdout().strip();
        assertThat(Instant.ofEpochSecond(Long.parseLong(seconds)))
                .isBetween(Instant.now().minusSeconds(30), Instant.now().plusSeconds(5));
    }

    @Test
    void theDiskHasTheCapacityOfTheTemplateAndNoMore() {
        String mib = VmFixture.run(vm, "user", "df -BM --output=size / | tail -1 | tr -dc 0-9").stdout();
        assertThat(Integer.parseInt(mib)).isBetween(7000, 8192);
    }

    @Test
    void whatIsWrittenToStdinArrivesAndItsEndToo() {
        try (GuestProcess process = vm.guest().start(spec("cat; echo done", Optional.empty(), true))) {
            vm.guest().writeStdin(process.pid(), "héllo ".getBytes(StandardCharsets.UTF_8));
            vm.guest().writeStdin(process.pid(), "wörld\n".getBytes(StandardCharsets.UTF_8));
            vm.guest().closeStdin(process.pid());
            assertThat(VmFixture.drain(process).stdout()).isEqualTo("héllo wörld\ndone\n");
        }
    }

    @Test
    void aCommandOverItsTimeEndsWith124() {
        VmFixture.Ran ran = VmFixture.run(vm, spec("echo begun; sleep 600", Optional.of(Duration.ofSeconds(1)), false));
        assertThat(ran.stdout()).isEqualTo("begun\n");
        assertThat(ran.timedOut()).isTrue();
        assertThat(ran.exitCode()).isEqualTo(124);
    }

    @Test
    void aKilledCommandEndsWith137AndIsNoLongerListed() {
        try (GuestProcess process = vm.guest().start(spec("sleep 601", Optional.empty(), false))) {
            assertThat(vm.guest().processes()).contains(new ProcessInfo(process.pid(), "sleep 601"));
            assertThat(vm.guest().kill(process.pid())).isTrue();
            assertThat(VmFixture.drain(process).exitCode()).isEqualTo(137);
            assertThat(vm.guest().kill(process.pid())).isFalse();
            assertThat(vm.guest().processes()).extracting(ProcessInfo::pid).doesNotContain(process.pid());
            assertThatThrownBy(process::next).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void aCommandCanBeFollowedAgainFromItsFirstByte() {
        try (GuestProcess first = vm.guest().start(spec("echo one; sleep 602", Optional.empty(), false))) {
            assertThat(first.next()).isInstanceOf(Event.Stdout.class);
            try (GuestProcess second = vm.guest().follow(first.pid())) {
                assertThat(second.next()).isInstanceOfSatisfying(Event.Stdout.class, event ->
                        assertThat(event.bytes()).asString().isEqualTo("one\n"));
            }
            vm.guest().kill(first.pid());
        }
        assertThatThrownBy(() -> vm.guest().follow(4_000_000)).isInstanceOf(PlatformFailure.NotFound.class);
    }

    @Test
    void moreOutputThanAnybodyKeepsArrivesWholeInConstantMemory() {
        long bytes = 0;
        try (GuestProcess process = vm.guest().start(spec("head -c 30000000 /dev/zero", Optional.empty(), false))) {
            Event event = process.next();
            while (!(event instanceof Event.Exited)) {
                bytes += event instanceof Event.Stdout(byte[] part) ? part.length : 0;
                event = process.next();
            }
        }
        assertThat(bytes).isEqualTo(30_000_000);
    }

    @Test
    void aLargeFileGoesUpAndComesDownUnchanged() throws Exception {
        MessageDigest sent = MessageDigest.getInstance("SHA-256");
        try (InputStream content = new DigestInputStream(new RandomBytes(7, UPLOAD_BYTES), sent)) {
            assertThat(vm.guest().write("/home/user/deep/er/large.bin", "user", content)).isEqualTo(UPLOAD_BYTES);
        }
        MessageDigest received = MessageDigest.getInstance("SHA-256");
        try (FileContent file = vm.guest().read("/home/user/deep/er/large.bin", "user");
                InputStream content = new DigestInputStream(file.stream(), received)) {
            assertThat(file.sizeBytes()).isEqualTo(UPLOAD_BYTES);
            assertThat(content.transferTo(OutputStream.nullOutputStream())).isEqualTo(UPLOAD_BYTES);
        }
        assertThat(received.digest()).isEqualTo(sent.digest());
        assertThat(VmFixture.run(vm, "root", "sync").exitCode()).isZero();
        assertThat(vm.usage().diskMib()).isGreaterThanOrEqualTo(UPLOAD_BYTES >> 20);
        assertThat(vm.usage().receivedBytes()).isGreaterThan(UPLOAD_BYTES);
        assertThat(vm.usage().sentBytes()).isGreaterThan(UPLOAD_BYTES);
    }

    @Test
    void filesAreListedRenamedAndRemoved() throws IOException {
        assertThat(vm.guest().makeDirectory("/home/user/box", "user")).isTrue();
        assertThat(vm.guest().makeDirectory("/home/user/box", "user")).isFalse();
        vm.guest().write("/home/user/box/ä & b?.txt", "user", new ByteArrayInputStream(new byte[] {1, 2, 3}));
        assertThat(vm.guest().list("/home/user/box", "user", 1))
                .extracting(FileEntry::name, FileEntry::sizeBytes, FileEntry::owner)
                .containsExactly(tuple("ä & b?.txt", 3L, "user"));
        assertThat(vm.guest().rename("/home/user/box/ä & b?.txt", "/home/user/box/c", "user").path())
                .isEqualTo("/home/user/box/c");
        assertThat(vm.guest().exists("/home/user/box/c", "user")).isTrue();
        assertThat(vm.guest().info("/home/user/box", "user").directory()).isTrue();
        vm.guest().remove("/home/user/box", "user");
        assertThat(vm.guest().exists("/home/user/box", "user")).isFalse();
        assertThatThrownBy(() -> vm.guest().read("/home/user/box/c", "user").close())
                .isInstanceOf(PlatformFailure.NotFound.class);
        assertThatThrownBy(() -> vm.guest().info("/home/user/box", "nobody-of-this-name"))
                .isInstanceOf(PlatformFailure.InvalidRequest.class);
    }

    @Test
    void theVmmHasItsOwnUserAndNoPrivilege() throws IOException {
        String status = Files.readString(Path.of("/proc/" + vm.process().pid() + "/status"));
        int uid = VmmUser.of(vm.id());
        assertThat(status).contains("Uid:\t" + uid + "\t" + uid + "\t" + uid + "\t" + uid);
        assertThat(status).contains("Gid:\t" + uid + "\t" + uid + "\t" + uid + "\t" + uid);
        assertThat(status).containsPattern("CapEff:\t0000000000000000").containsPattern("Seccomp:\t2");
    }

    /// Bytes of a seed, made as they are read.
    private static final class RandomBytes extends InputStream {
        private final RandomGenerator random;
        private int left;

        RandomBytes(long seed, int length) {
            this.random = new SplittableRandom(seed);
            this.left = length;
        }

        @Override
        public int read() {
            return left-- > 0 ? random.nextInt(256) : -1;
        }

        @Override
        public int read(byte[] target, int offset, int length) {
            if (left <= 0) {
                return -1;
            }
            byte[] part = new byte[Math.min(left, length)];
            random.nextBytes(part);
            System.arraycopy(part, 0, target, offset, part.length);
            left -= part.length;
            return part.length;
        }
    }
}
