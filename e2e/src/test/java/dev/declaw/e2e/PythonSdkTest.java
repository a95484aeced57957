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

/// The Python client (`sdk/python`): its own tests, its types, and its use of real sandboxes.
@ExtendWith(WholeSystem.class)
class PythonSdkTest {
    private static final Path SDK = PythonEnvironment.ROOT.resolve("sdk/python");

    @Test
    void itsOwnTestsPass() throws Exception {
        passes(python("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"));
    }

    @Test
    void itsTypesHold() throws Exception {
        passes(python("-m", "mypy", "--strict", "--cache-dir", "/dev/null", "src/declaw/__init__.py"));
    }

    @Test
    void itWorksWithRealSandboxes(Rig rig) throws Exception {
        passes(python("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "live", "--ignore=live/test_agents.py")
                .withEnvironment("DECLAW_DOMAIN", rig.platform.domain())
                .withEnvironment("DECLAW_API_KEY", rig.platform.apiKey()));
        assertThat(rig.api.everSaw("536-90-4399")).isFalse();
    }

    /// What the program prints goes to stderr, whose end is in the failure when it does not end with 0.
    private static Command python(String... arguments) throws Exception {
        Path python = PythonEnvironment.with("python-sdk", SDK.resolve("tests/requirements.txt"));
        List<String> line = new ArrayList<>(List.of("sh", "-c", "exec \"$@\" >&2", "sh", python.toString()));
        line.addAll(List.of(arguments));
        return Command.of(line)
                .withEnvironment("PYTHONPATH", SDK.resolve("src").toString())
                .withEnvironment("PYTHONDONTWRITEBYTECODE", "1");
    }

    private static void passes(Command command) {
        assertThatCode(() -> Exec.run(command.withDirectory(SDK).withDeadline(Duration.ofMinutes(5))))
                .doesNotThrowAnyException();
    }
}
