package dev.declaw.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import dev.declaw.linux.HostProcess;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.snapshot.DiskChain;
import dev.declaw.runtime.snapshot.MachineShape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Needs root for the user of a VMM; a program that sleeps stands for one whose guest has broken out of it.
final class SandboxDirectoryVmTest {
    @TempDir
    Path directory;

    private static Process sleeper(int uid) throws InterruptedException {
        String user = Integer.toString(uid);
        Process process = Exec.startPiped(Command.of("setpriv", "--reuid", user, "--regid", user, "--clear-groups", "sleep", "300"));
        HostProcess found = HostProcess.of(process.pid()).orElseThrow();
        for (int look = 0; look < 1000 && !found.runsAs(uid); look++) Thread.sleep(10);
        return process;
    }

    private SandboxDirectory sandbox(String id, Process process) throws IOException {
        SandboxDirectory sandbox = SandboxDirectory.of(directory, new SandboxId(id));
        sandbox.create();
        new VmManifest(
                        HostProcess.of(process.pid()).orElseThrow(),
                        600,
                        new MachineShape("base", "digest", 1, 512, 64),
                        DiskChain.of(Path.of("/base"), "raw"),
                        Optional.empty())
                .write(sandbox.manifest());
        return sandbox;
    }

    @Test
    void aVmmThatHidesItsArgumentsIsEnded() throws Exception {
        String id = "sbx-0123456789abcdef";
        Process hidden = sleeper(VmmUser.of(new SandboxId(id)));
        try {
            sandbox(id, hidden).killProcesses();
            assertThat(hidden.waitFor(10, TimeUnit.SECONDS)).isTrue();
        } finally {
            hidden.destroyForcibly();
        }
    }

    @Test
    void aStrangerWithTheSameNumberIsLeftAlone() throws Exception {
        Process stranger = sleeper(VmmUser.of(new SandboxId("sbx-fedcba9876543210")));
        try {
            sandbox("sbx-0123456789abcdef", stranger).killProcesses();
            assertThat(stranger.waitFor(200, TimeUnit.MILLISECONDS)).isFalse();
        } finally {
            stranger.destroyForcibly();
        }
    }
}
