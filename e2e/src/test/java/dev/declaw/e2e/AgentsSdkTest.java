package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.declaw.e2e.WholeSystem.Rig;
import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `declaw.openai` with the real OpenAI Agents SDK: agents whose model is scripted and whose tools run in real microVMs.
@ExtendWith(WholeSystem.class)
class AgentsSdkTest {
    private static final Path SDK = PythonEnvironment.ROOT.resolve("sdk/python");

    @ParameterizedTest(name = "{0} version")
    @ValueSource(strings = {"oldest", "newest"})
    void theAdapterFitsTheVersion(String version) throws Exception {
        passes(python(version, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_openai.py"));
    }

    @Test
    void theAdaptersTypesHold() throws Exception {
        passes(python("newest", "-m", "mypy", "--strict", "--cache-dir", "/dev/null", "src/declaw/openai/__init__.py"));
    }

    @ParameterizedTest(name = "{0} version")
    @ValueSource(strings = {"oldest", "newest"})
    void agentsWorkInRealSandboxes(String version, Rig rig) throws Exception {
        passes(python(version, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "live/test_agents.py")
                .withEnvironment("DECLAW_DOMAIN", rig.platform.domain())
                .withEnvironment("DECLAW_API_KEY", rig.platform.apiKey()));
        assertThat(rig.api.everSaw("536-90-4399")).isFalse();
    }

    /// What a session has saved is there after the whole platform was stopped and started, with its policy.
    @ParameterizedTest(name = "{0} version")
    @ValueSource(strings = {"oldest", "newest"})
    void aSessionGoesOnAfterARestartOfThePlatform(String version, Rig rig, @TempDir Path folder) throws Exception {
        String state = folder.resolve("state.json").toString();
        passes(persist(version, rig, "save", state));
        rig.platform.stop();
        rig.platform.start();
        passes(persist(version, rig, "resume", state));
        assertThat(rig.api.everSaw("536-90-4399")).isFalse();
    }

    private static Command persist(String version, Rig rig, String step, String state) throws Exception {
        return python(version, "live/persist.py", step, state)
                .withEnvironment("DECLAW_DOMAIN", rig.platform.domain())
                .withEnvironment("DECLAW_API_KEY", rig.platform.apiKey());
    }

    private static Command python(String version, String... arguments) throws Exception {
        Path requirements = SDK.resolve("tests/requirements-agents-" + version + ".txt");
        List<String> line = new ArrayList<>(List.of("sh", "-c", "exec \"$@\" >&2", "sh"));
        line.add(PythonEnvironment.with("agents-" + version, requirements).toString());
        line.addAll(List.of(arguments));
        return Command.of(line)
                .withEnvironment("PYTHONPATH", SDK.resolve("src").toString())
                .withEnvironment("PYTHONDONTWRITEBYTECODE", "1");
    }

    private static void passes(Command command) {
        assertThatCode(() -> Exec.run(command.withDirectory(SDK).withDeadline(Duration.ofMinutes(6))))
                .doesNotThrowAnyException();
    }
}
