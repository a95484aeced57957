package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.e2e.WholeSystem.Rig;
import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// The official Python client, installed from its registry into a virtual environment, unmodified.
@ExtendWith(WholeSystem.class)
class OfficialClientTest {
    private static final Path ROOT = PythonEnvironment.ROOT;
    private static final Path CLIENT = ROOT.resolve("e2e/official-client");

    @Test
    void theQuickStartAndWhatUsersDoNextRunUnmodified(Rig rig) throws Exception {
        Path python = PythonEnvironment.with("official-client", CLIENT.resolve("requirements.txt"));
        Exec.Output output = Exec.run(Command.of(python.toString(), CLIENT.resolve("quick_start.py").toString())
                .withEnvironment("DECLAW_DOMAIN", rig.platform.domain())
                .withEnvironment("DECLAW_API_KEY", rig.platform.apiKey())
                .withDeadline(Duration.ofMinutes(3)));
        assertThat(output.text()).contains("checks passed");
        assertThat(rig.api.everSaw("536-90-4399")).isFalse();
    }
}
