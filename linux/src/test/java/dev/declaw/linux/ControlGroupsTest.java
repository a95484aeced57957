package dev.declaw.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlGroupsTest {
    private static final ControlGroups.Limits LIMITS = new ControlGroups.Limits(150, 256L << 20, 40);

    @TempDir
    Path folder;

    private String mount(String type, Path at, String options) {
        return "30 23 0:26 / " + at + " rw,relatime shared:9 - " + type + " cgroup " + options;
    }

    private static void files(Path directory, String... names) throws IOException {
        Files.createDirectories(directory);
        for (String name : names) Files.writeString(directory.resolve(name), "");
    }

    @Test
    void versionTwoIsTakenWhereItHasTheControllers() throws IOException {
        Files.writeString(folder.resolve("cgroup.controllers"), "cpuset cpu io memory pids\n");
        files(folder, "cgroup.subtree_control");
        files(folder.resolve("declaw"), "cgroup.subtree_control", "cpu.weight");
        files(folder.resolve("declaw/sbx-1"), "cpu.max", "memory.max", "pids.max", "cgroup.procs");
        ControlGroups groups = ControlGroups.find(List.of("nonsense", mount("cgroup2", folder, "rw")));
        assertThat(groups.controllers()).containsExactlyInAnyOrder("cpu", "memory", "pids");
        ControlGroups.Group group = groups.group("sbx-1");
        assertThat(group.create(LIMITS)).isEmpty();
        assertThat(group.add(4242)).isEmpty();
        assertThat(folder.resolve("declaw/sbx-1/cpu.max")).hasContent("150000 100000");
        assertThat(folder.resolve("declaw/sbx-1/memory.max")).hasContent(Long.toString(256L << 20));
        assertThat(folder.resolve("declaw/sbx-1/pids.max")).hasContent("40");
        assertThat(folder.resolve("declaw/sbx-1/cgroup.procs")).hasContent("4242");
        assertThat(groups.names()).containsExactly("sbx-1");
    }

    @Test
    void aVersionTwoWithoutControllersGivesWayToVersionOne() throws IOException {
        Path two = Files.createDirectory(folder.resolve("two"));
        Files.writeString(two.resolve("cgroup.controllers"), "hugetlb\n");
        Path memory = Files.createDirectory(folder.resolve("memory"));
        files(memory.resolve("declaw/a"), "memory.limit_in_bytes", "cgroup.procs");
        ControlGroups groups = ControlGroups.find(List.of(
                mount("cgroup2", two, "rw"), mount("cgroup", memory, "rw,memory"), mount("cgroup", folder, "rw,freezer")));
        assertThat(groups.controllers()).containsExactly("memory");
        assertThat(groups.group("a").create(LIMITS)).isEmpty();
        assertThat(memory.resolve("declaw/a/memory.limit_in_bytes")).hasContent(Long.toString(256L << 20));
    }

    @Test
    void whatTheMachineDoesNotOfferIsSaidAndHarmsNothing() throws IOException {
        Path cpu = Files.createDirectory(folder.resolve("cpu"));
        ControlGroups groups = ControlGroups.find(List.of(mount("cgroup", cpu, "rw,cpu")));
        ControlGroups.Group group = groups.group("a");
        assertThat(group.create(LIMITS)).containsExactly("cpu"); // its files are missing
        assertThat(group.add(1)).containsExactly("cpu");
        group.remove();
        group.remove();
        assertThat(ControlGroups.find(List.of()).group("a").create(LIMITS)).isEmpty();
        assertThat(ControlGroups.find(List.of())).hasToString("no control groups");
        for (String bad : new String[] {"", "a/b", "..", ".hidden"}) {
            assertThatThrownBy(() -> groups.group(bad)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void aRealGroupHoldsAProcessAndGoesWithIt() throws Exception {
        ControlGroups groups = ControlGroups.find();
        Assumptions.assumeTrue(groups.controllers().contains("pids"), "needs the right to make control groups: " + groups);
        ControlGroups.Group group = groups.group("test-" + ProcessHandle.current().pid());
        Process shell = new ProcessBuilder("sh", "-c", "read go; for i in 1 2 3 4 5 6 7 8; do sleep 2 & done; wait").start();
        HostProcess process = HostProcess.of(shell.pid()).orElseThrow();
        try {
            assertThat(group.create(new ControlGroups.Limits(100, 64L << 20, 4))).isEmpty();
            assertThat(group.add(shell.pid())).isEmpty();
            process.limitFileBytes(1 << 20);
            assertThat(Files.readString(Path.of("/proc/" + shell.pid() + "/limits"))).containsPattern("Max file size +1048576 +1048576");
            shell.getOutputStream().write('\n');
            shell.getOutputStream().flush();
            String refused = new String(shell.getErrorStream().readNBytes(18), java.nio.charset.StandardCharsets.UTF_8);
            assertThat(refused).as("the fourth fork and those behind it").containsIgnoringCase("fork");
            assertThatThrownBy(group::remove).isInstanceOf(LinuxException.class).hasMessageContaining("EBUSY");
        } finally {
            process.kill(Duration.ofSeconds(5));
            Thread.sleep(2500); // what it started ends by itself
        }
        group.remove();
        assertThat(groups.names()).doesNotContain("test-" + ProcessHandle.current().pid());
    }
}
