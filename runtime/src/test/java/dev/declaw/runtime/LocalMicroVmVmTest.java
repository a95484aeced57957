package dev.declaw.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// One microVM, booted once, and what the server does with its guest.
@Tag("vm")
class LocalMicroVmVmTest {
    private static VmFixture fixture;
    private static LocalMicroVm vm;

    @BeforeAll
    static void boot() throws IOException {
        fixture = new VmFixture();
        long start = System.nanoTime();
        vm = fixture.bootWithIdentity();
        System.out.println("boot to identity: " + (System.nanoTime() - start) / 1_000_000 + " ms");
    }

    @AfterAll
    static void kill() throws IOException {
        if (vm != null) {
            vm.kill();
        }
        fixture.close();
    }

    @Test
    void aCommandRunsAsTheOrdinaryUserWithItsOutputAndStatus() {
        VmFixture.Ran ran = VmFixture.run(vm, "user", "id -un; echo oops >&2; echo $FROM_INIT; pwd; exit 3");
        assertThat(ran.stdout()).isEqualTo("user\nyes\n/home/user\n");
        assertThat(ran.stderr()).isEqualTo("oops\n");
        assertThat(ran.exitCode()).isEqualTo(3);
    }
}
