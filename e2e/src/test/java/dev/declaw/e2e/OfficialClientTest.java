package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.e2e.WholeSystem.Rig;
import dev.declaw.e2e.world.Checkout;
import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// The official Python client, installed from its registry into a virtual environment, unmodified.
@ExtendWith(WholeSystem.class)
class OfficialClientTest {
    private static final Path ROOT = Checkout.launcher().getParent();
    private static final Path CLIENT = ROOT.resolve("e2e/official-client");

    @Test
    void theQuickStartAndWhatUsersDoNextRunUnmodified(Rig rig) throws Exception {
        Path python = environment();
        Exec.Output output = Exec.run(Command.of(python.toString(), CLIENT.resolve("quick_start.py").toString())
                .withEnvironment("DECLAW_DOMAIN", rig.platform.domain())
                .withEnvironment("DECLAW_API_KEY", rig.platform.apiKey())
                .withDeadline(Duration.ofMinutes(3)));
        assertThat(output.text()).contains("checks passed");
        assertThat(rig.api.everSaw("536-90-4399")).isFalse();
    }

    /// A virtual environment with the pinned client, made once per checkout and requirements file.
    private static Path environment() throws Exception {
        Path folder = ROOT.resolve(".build/official-client");
        Path python = folder.resolve("bin/python");
        Path stamp = folder.resolve("requirements.txt");
        String wanted = Files.readString(CLIENT.resolve("requirements.txt"));
        if (!Files.exists(stamp) || !Files.readString(stamp).equals(wanted)) {
            Exec.run(Command.of("python3", "-m", "venv", "--clear", folder.toString()).withDeadline(Duration.ofMinutes(2)));
            Exec.run(Command.of(
                            python.toString(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                            "-r", CLIENT.resolve("requirements.txt").toString())
                    .withDeadline(Duration.ofMinutes(5)));
            Files.writeString(stamp, wanted);
        }
        return python;
    }
}
