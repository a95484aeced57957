package dev.declaw.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.linux.ControlGroups;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.template.Template;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A microVM that waits, and one whose neighbour takes all it can.
@Tag("vm")
class StandStillVmTest {
    private static VmFixture fixture;

    @BeforeAll
    static void open() throws IOException {
        fixture = new VmFixture();
    }

    @AfterAll
    static void close() throws IOException {
        fixture.close();
    }

    @Test
    void aMachineThatStandsStillCostsNoProcessorTimeAndGoesOnWithTheRightTime() throws Exception {
        LocalMicroVm vm = fixture.boot();
        try {
            VmFixture.identify(vm);
            VmFixture.run(vm, "user", "true");
            vm.standStill();
            assertThat(quietest(vm)).as("seconds of processor time in three").isLessThanOrEqualTo(0.02);
            assertThat(vm.guest().healthy(Duration.ofMillis(300))).isFalse();
            vm.goOn();
            VmFixture.identify(vm);
            long seconds = Long.parseLong(VmFixture.run(vm, "user", "date +%s").stdout().strip());
            assertThat(Instant.ofEpochSecond(seconds)).isBetween(Instant.now().minusSeconds(2), Instant.now().plusSeconds(1));
            vm.goOn(); // does nothing to one that runs
        } finally {
            vm.kill();
        }
    }

    @Test
    void aMachineThatStandsStillIsKilledLikeAnyOther() throws Exception {
        LocalMicroVm vm = fixture.boot();
        VmFixture.identify(vm);
        vm.standStill();
        vm.kill();
        assertThat(vm.process().alive()).isFalse();
        assertThat(ControlGroups.find().names()).doesNotContain(vm.id().value());
    }

    @Test
    void aStartTakesAVmmThatWasStartedInAdvanceAndNothingIsLeftOfTheOthers() throws Exception {
        Path sandboxes = fixture.state().resolve("sandboxes");
        LocalMicroVmHost host = fixture.restartWithPrestartedVmms(1);
        Template base = host.template("base").orElseThrow();
        host.release(host.reserve(base)); // there is none yet; from now on there is
        SandboxId id = reserveOneThatWaits(host, base);
        SandboxDirectory directory = SandboxDirectory.of(fixture.state(), id);
        assertThat(directory.disk()).exists();
        assertThat(directory.manifest()).doesNotExist();
        assertThat(directory.processes()).hasSize(1);
        LocalMicroVm vm = (LocalMicroVm) host.boot(id, base);
        assertThat(List.of(vm.process())).isEqualTo(directory.processes());
        VmFixture.identify(vm);
        assertThat(VmFixture.run(vm, "user", "echo here").stdout()).isEqualTo("here\n");
        awaitDirectories(sandboxes, 2); // another one waits

        SandboxId unused = reserveOneThatWaits(host, base);
        SandboxDirectory given = SandboxDirectory.of(fixture.state(), unused);
        assertThat(given.processes()).hasSize(1);
        host.release(unused);
        assertThat(given.path()).doesNotExist();
        assertThat(given.processes()).isEmpty();
        vm.kill();
        fixture.restart();
        awaitDirectories(sandboxes, 0);
    }

    /// What it takes in three seconds, once what the VMM had begun before has ended: the least of five looks.
    private static double quietest(LocalMicroVm vm) throws InterruptedException {
        double least = Double.MAX_VALUE;
        for (int look = 0; look < 5 && least > 0.02; look++) {
            double before = vm.usage().cpuSeconds();
            Thread.sleep(3000);
            least = Math.min(least, Math.round(100 * (vm.usage().cpuSeconds() - before)) / 100.0); // whole clock ticks
        }
        return least;
    }

    private static SandboxId reserveOneThatWaits(LocalMicroVmHost host, Template base) throws Exception {
        for (int look = 0; look < 200; look++) {
            SandboxId id = host.reserve(base);
            if (Files.exists(SandboxDirectory.of(fixture.state(), id).disk())) return id;
            host.release(id);
            Thread.sleep(50);
        }
        throw new AssertionError("no VMM was started in advance within 10 s");
    }

    private static void awaitDirectories(Path parent, int count) throws Exception {
        for (int look = 0; look < 200; look++) {
            if (!Files.exists(parent)) {
                if (count == 0) return;
            } else {
                try (Stream<Path> entries = Files.list(parent)) {
                    if (entries.count() == count) return;
                }
            }
            Thread.sleep(50);
        }
        throw new AssertionError("there are not " + count + " directories in " + parent + " after 10 s");
    }

    @Test
    void aNeighbourThatForksWritesAndComputesWithoutBoundDoesNotSilenceTheOther() throws Exception {
        LocalMicroVm noisy = fixture.boot();
        LocalMicroVm quiet = fixture.boot();
        try {
            VmFixture.identify(noisy);
            VmFixture.identify(quiet);
            ControlGroups groups = ControlGroups.find();
            Assumptions.assumeTrue(groups.controllers().contains("pids"), "needs the right to make control groups: " + groups);
            Thread load = Thread.startVirtualThread(() -> {
                try {
                    VmFixture.run(noisy, "user", "for i in 1 2 3 4; do sh -c 'while :; do :; done' & done;"
                            + " sh -c 'while :; do cat /dev/zero > /tmp/full; done' & sh -c 'f() { f | f & }; f' & sleep 50");
                } catch (RuntimeException killed) {
                    // The test ends it.
                }
            });
            Thread.sleep(3000);
            for (int i = 0; i < 10; i++) {
                long start = System.nanoTime();
                assertThat(VmFixture.run(quiet, "user", "echo here").stdout()).isEqualTo("here\n");
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
            }
            assertThat(noisy.process().alive()).isTrue();
            for (String part : Files.readAllLines(Path.of("/proc/" + noisy.process().pid() + "/cgroup"))) {
                if (part.contains(":pids:") || part.startsWith("0::/declaw")) assertThat(part).endsWith("/declaw/" + noisy.id().value());
            }
            assertThat(Files.readString(Path.of("/proc/" + noisy.process().pid() + "/limits"))).doesNotContainPattern("Max file size +unlimited");
            noisy.kill();
            load.join(Duration.ofSeconds(30));
            assertThat(groups.names()).doesNotContain(noisy.id().value());
        } finally {
            noisy.kill();
            quiet.kill();
        }
    }
}
