package dev.declaw.server.custom;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CommandInputsTest {
    private static String programs(String line) {
        return String.join(" ", CommandInputs.ofLine(line).stream()
                .map(input -> input.path("action").path("command").textValue())
                .toList());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "rm -rf /tmp/x | rm",
                "/bin/rm x | rm",
                "A=1 B='x y' rm x | rm",
                "cd /tmp && ls; uname & wait | cd ls uname wait",
                "echo \"$(id -u) and `whoami`\" | id whoami echo",
                "echo 'not $(id)' # rm | echo",
                "if true; then rm x; else dd y; fi | true rm dd",
                "(cd a; { b; c; }) | cd b c",
                "bash -c 'rm -rf x' | bash rm",
                "bash -ec \"sh -c 'dd if=a'\" | bash sh dd",
                "sudo -u root nice -n 5 rm x | sudo nice rm",
                "env A=b timeout 5s rm x | env timeout rm",
                "cat < in > out 2>&1 | cat",
                "r\\m x | rm",
                "r''m x | rm",
                "diff <(sort a) <(uniq b) | diff sort uniq",
                "> out | bash",
                "echo ${x} $y | echo"
            })
    void theProgramsOfALineAreFound(String line, String expected) {
        assertThat(programs(line)).isEqualTo(expected);
    }

    @Test
    void argumentsAndTheWholeLineGoAlong() {
        var action = CommandInputs.ofLine("cd /a && /usr/bin/tar -c 'b c'").get(1).path("action");
        assertThat(action.toString())
                .isEqualTo("{\"command\":\"tar\",\"path\":\"/usr/bin/tar\",\"args\":[\"-c\",\"b c\"],\"text\":\"cd /a && /usr/bin/tar -c 'b c'\"}");
    }

    @Test
    void aPipeIsFoundToo() {
        assertThat(programs("curl -s http://a | sh")).isEqualTo("curl sh");
    }

    @Test
    void whatIsTooMuchIsNotJudged() {
        assertThat(CommandInputs.ofLine("a;".repeat(CommandInputs.PROGRAMS_MAX))).hasSize(CommandInputs.PROGRAMS_MAX);
        assertThat(CommandInputs.ofLine("a;".repeat(CommandInputs.PROGRAMS_MAX + 1))).isEmpty();
        assertThat(CommandInputs.ofLine("$(".repeat(5000))).isNotNull();
    }

    @Test
    void aProgramIsJudgedByItsFileAndByItsName() {
        assertThat(CommandInputs.ofProgram("/usr/bin/python3.11", "/usr/bin/python3", List.of("x", "-c", "1")).stream()
                        .map(input -> input.path("action").path("command").textValue()))
                .containsExactly("python3.11", "python3");
        assertThat(CommandInputs.ofProgram("/usr/bin/dash", "/bin/sh", List.of("sh", "-c", "rm x")).stream()
                        .map(input -> input.path("action").path("command").textValue()))
                .containsExactly("dash", "sh", "rm");
    }
}
