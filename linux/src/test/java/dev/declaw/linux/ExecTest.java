package dev.declaw.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExecTest {
    @Test
    void stdinGoesInAndStdoutComesOut() {
        assertThat(Exec.run(Command.of("tr", "a-z", "A-Z").withStdin("quiet")).text()).isEqualTo("QUIET");
    }

    @Test
    void argumentsAreNotReadByAShell() {
        assertThat(Exec.run(Command.of("echo", "$(id); `id` *")).text()).isEqualTo("$(id); `id` *\n");
    }

    @Test
    void aFailureNamesCommandStatusAndTheEndOfStderr() {
        assertThatThrownBy(() -> Exec.run(Command.of("sh", "-c", "echo why >&2; exit 7")))
                .isInstanceOfSatisfying(CommandFailedException.class, failure ->
                        assertThat(failure.exitCode()).isEqualTo(7))
                .hasMessage("`sh -c echo why >&2; exit 7` ended with status 7: why");
    }

    @Test
    void aMissingProgramIsNamed() {
        assertThatThrownBy(() -> Exec.run(Command.of("no-such-program-here")))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("`no-such-program-here` cannot be started");
    }

    @Test
    void aProgramOverItsDeadlineIsKilledWithItsChildren() {
        String mark = "3" + System.nanoTime() % 1_000_000_000;
        Command command = Command.of("sh", "-c", "sleep " + mark + "; true").withDeadline(Duration.ofMillis(300));
        assertThatThrownBy(() -> Exec.run(command))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("was killed after");
        assertThat(HostProcess.withArgument(mark)).isEmpty();
    }

    @Test
    void tooMuchOutputIsAFailure() {
        assertThatThrownBy(() -> Exec.run(Command.of("head", "-c", "5000", "/dev/zero").withOutputBytesMax(4999)))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("printed more than 4999 bytes");
        assertThat(Exec.run(Command.of("head", "-c", "5000", "/dev/zero").withOutputBytesMax(5000)).stdout())
                .hasSize(5000);
    }

    @Test
    void stderrArrivesLineByLine() {
        List<String> lines = Collections.synchronizedList(new ArrayList<>());
        Exec.run(Command.of("sh", "-c", "printf 'one\\ntwo\\r\\n\\nthree\\n' >&2"), lines::add);
        assertThat(lines).containsExactly("one", "two", "three");
    }

    @Test
    void aStayingProgramIsASessionOfItsOwnWithACleanEnvironment(@TempDir Path directory) throws Exception {
        Path log = directory.resolve("log");
        Process process = Exec.start(
                Command.of("sh", "-c", "cut -d' ' -f1,6 /proc/self/stat; env").withEnvironment("GIVEN", "yes"), log);
        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        List<String> lines = Files.readAllLines(log);
        assertThat(lines.getFirst()).endsWith(" " + process.pid());
        assertThat(lines).contains("GIVEN=yes").noneMatch(line -> line.startsWith("HOME="));
    }

    @Test
    void theOutputOfAStayingProgramCanBeRead() throws Exception {
        Process process = Exec.startPiped(Command.of("sh", "-c", "echo out; echo err >&2"));
        assertThat(process.getInputStream().readAllBytes()).asString(StandardCharsets.UTF_8).isEqualTo("out\nerr\n");
        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
}
