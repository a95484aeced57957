package dev.declaw.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.archive.MasterKeys;
import dev.declaw.runtime.objects.FaultyProxy;
import dev.declaw.runtime.objects.S3Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A snapshot that one machine puts into a bucket goes on on another one, which has never seen it, its layers, or the disk of
/// its template. Both are on this host, but share no directory.
@Tag("vm")
class SnapshotStoreVmTest {
    private static final int CHANGED_MIB = 10;
    private static final long MIB = 1 << 20;

    @TempDir
    Path directory;

    private static String run(MicroVm vm, String command) {
        VmFixture.Ran ran = VmFixture.run(vm, "user", command);
        assertThat(ran.exitCode()).as(ran.stderr()).isZero();
        return ran.stdout().strip();
    }

    private static void describe(String which, MicroVm.Saved saved) {
        System.out.printf(
                "%s snapshot: %d MiB of memory, %.1f MiB stored, still for %d ms%n",
                which, saved.memoryBytes() >> 20, saved.storedBytes() / (double) MIB, saved.still().toMillis());
    }

    @Test
    void aSnapshotGoesOnOnAnotherMachine() throws Exception {
        MasterKeys keys = MasterKeys.open(directory.resolve("keys"), true);
        try (S3Server server = new S3Server(Files.createDirectory(directory.resolve("s3")));
                FaultyProxy way = new FaultyProxy(server.port())) {
            VmFixture.StoreOf store = _ -> new SnapshotStore(server.behind(way), keys, true, 1024);
            String digest = saveOnTheFirst(store, way);

            try (VmFixture second = VmFixture.withStore(store)) {
                StoredSnapshot found = second.host().snapshot("snap-bbbbbbbb").orElseThrow();
                assertThat(found.tenant()).isEqualTo(VmFixture.TENANT);
                assertThat(found.memoryMib()).isEqualTo(512);
                assertThat(second.host().snapshots()).as("not its own").isEmpty();
                way.set(FaultyProxy.Fault.CUT_DOWNLOAD, Integer.MAX_VALUE);
                assertThatThrownBy(() -> second.host().resume(VmFixture.newId(), "snap-bbbbbbbb"))
                        .isInstanceOf(PlatformFailure.NoCapacity.class);
                way.set(FaultyProxy.Fault.NONE, 0);
                long start = System.nanoTime();
                MicroVm vm = second.host().resume(VmFixture.newId(), "snap-bbbbbbbb");
                System.out.printf("fetched and resumed elsewhere: %d ms%n", (System.nanoTime() - start) / 1_000_000);
                VmFixture.identify(vm);
                assertThat(run(vm, "cat /home/user/file; sha256sum < /dev/shm/second; pgrep -c sleep"))
                        .isEqualTo("second\n" + digest + "\n1");
                MicroVm.Saved again = vm.snapshot("snap-cccccccc", VmFixture.TENANT);
                describe("elsewhere: first", again);
                vm.kill();
                second.host().deleteSnapshot("snap-cccccccc");
                second.restart().adopt();
                assertThat(second.host().snapshot("snap-bbbbbbbb")).as("of the other machine").isPresent();
                MicroVm more = second.host().resume(VmFixture.newId(), "snap-bbbbbbbb");
                VmFixture.identify(more);
                assertThat(run(more, "cat /home/user/file")).isEqualTo("second");
                more.kill();
            }
        }
    }

    /// @return digest of what was in memory
    private String saveOnTheFirst(VmFixture.StoreOf store, FaultyProxy way) throws IOException {
        try (VmFixture first = VmFixture.withCacheOfItsOwn(store)) {
            MicroVm vm = first.boot();
            VmFixture.identify(vm);
            run(vm, "echo first > /home/user/file; (sleep 1000 >/dev/null 2>&1 &) ; head -c 50M /dev/urandom > /dev/shm/first; sync");
            way.set(FaultyProxy.Fault.STATUS_500, Integer.MAX_VALUE);
            assertThatThrownBy(() -> vm.snapshot("snap-aaaaaaaa", VmFixture.TENANT)).isInstanceOf(PlatformFailure.NoCapacity.class);
            way.set(FaultyProxy.Fault.NONE, 0);
            assertThat(first.host().snapshots()).as("nothing is reported stored that is not").isEmpty();
            assertThat(run(vm, "cat /home/user/file")).as("the machine goes on").isEqualTo("first");

            describe("first", vm.snapshot("snap-aaaaaaaa", VmFixture.TENANT));
            String digest = run(vm, "echo second > /home/user/file; head -c " + CHANGED_MIB
                    + "M /dev/urandom > /dev/shm/second; sync; sha256sum < /dev/shm/second");
            MicroVm.Saved second = vm.snapshot("snap-bbbbbbbb", VmFixture.TENANT);
            describe("second", second);
            assertThat(second.storedBytes()).as("it stores what changed").isLessThan(30 * MIB);
            vm.kill();
            first.host().deleteSnapshot("snap-aaaaaaaa");
            assertThat(first.host().snapshots()).containsExactly("snap-bbbbbbbb");
            return digest;
        }
    }
}
