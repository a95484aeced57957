package dev.declaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/// What the command line does without a server.
class CliTest {
    private record Ran(int code, String out, String err) {}

    private static Ran run(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine program = Main.commandLine(arguments).setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        return new Ran(program.execute(arguments), out.toString(), err.toString());
    }

    @Test
    void theHelpNamesEveryCommandAndTheExitCodes() {
        Ran help = run("--help");
        assertThat(help.code()).isZero();
        assertThat(help.out())
                .contains("create", "ls", "info", "exec", "shell", "cp", "logs", "pause", "resume", "snapshot", "fork", "kill")
                .contains("ports", "template", "volume", "vault", "policy", "audit", "usage", "mcp", "completion", "Exit codes");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "create --help", "ls --help", "info --help", "exec --help", "shell --help", "cp --help", "logs --help", "pause --help",
        "resume --help", "snapshot --help", "snapshot create --help", "fork --help", "kill --help", "ports --help",
        "template build --help", "template logs --help", "template cancel --help", "template builds --help", "volume create --help", "vault set --help", "policy lint --help", "policy explain --help",
        "audit --help", "tail --help", "usage --help", "mcp --help", "mcp run --help"
    })
    void everyCommandExplainsItself(String arguments) {
        Ran help = run(arguments.split(" "));
        assertThat(help.code()).as(help.err()).isZero();
        assertThat(help.out()).contains("Usage: declaw").doesNotContain("\u001b");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "creat | Did you mean",
        "create --timeout soon | no duration",
        "create --no-internet --allow x.example | contradicts",
        "create --volume x | ID:PATH",
        "create --allow https://x | none of",
        "create -e NOT_SET_HERE_AT_ALL | not set",
        "exec sbx-1 | COMMAND",
        "exec ../x ls | id that the server gave",
        "kill | --all",
        "cp a b | SANDBOX:PATH",
        "cp sbx-1:a sbx-2:b | SANDBOX:PATH",
        "audit sbx-1 --decision maybe | allow or deny",
        "ls --server ftp://x | no address",
        "mcp --http 127.0.0.1:0 | DECLAW_MCP_TOKEN",
        "mcp run --file nope:/x -- server | no file",
        "mcp run | COMMAND",
        "template build x --copy a:/b | CONTEXT",
        "template build x --build-arg A=1 | Dockerfile",
        "template build x -f y --apt jq | replaces"
    })
    void wrongUseEndsWith2AndSaysHow(String arguments, String said) {
        Ran wrong = run(arguments.split(" "));
        assertThat(wrong.code()).as(wrong.err()).isEqualTo(ExitCodes.USAGE);
        assertThat(wrong.err()).contains(said).doesNotContain("Exception", "\tat ");
        assertThat(wrong.out()).isEmpty();
    }

    @Test
    void noServerEndsWith7AndNamesTheNextStep() {
        Ran nobody = run("info", "sbx-1", "--server", "127.0.0.1:1");
        assertThat(nobody.code()).isEqualTo(ExitCodes.UNREACHABLE);
        assertThat(nobody.err()).contains("127.0.0.1:1").contains("DECLAW_DOMAIN");
    }

    @Test
    void aPolicyFileThatIsNoJsonSaysWhere(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("policy.json"), "{\"pii\": }");
        Ran wrong = run("create", "--policy", file.toString());
        assertThat(wrong.code()).isEqualTo(ExitCodes.USAGE);
        assertThat(wrong.err()).contains("policy.json").contains("character 8");
    }

    @Test
    void theCompletionScriptKnowsTheCommands() {
        assertThat(run("completion").out()).contains("complete -F", "snapshot", "--pause-on-timeout");
    }

    @ParameterizedTest
    @CsvSource({"90,90", "90s,90", "5m,300", "2h,7200", "1d,86400", "0,0"})
    void durationsAreReadAsPeopleWriteThem(String text, long seconds) {
        assertThat(new Times.Reader().convert(text)).isEqualTo(Duration.ofSeconds(seconds));
    }

    @Test
    void wordsReachTheShellAsTheyAre() {
        assertThat(ExecCommand.quoted(List.of("printf", "%s\n", "it's $HOME", "")))
                .isEqualTo("printf '%s\n' 'it'\"'\"'s $HOME' ''");
    }

    @Test
    void textsOfASandboxCannotDriveTheTerminal() {
        assertThat(Table.printable("a\u001b[2Jb\u202ec\n\u0007d")).isEqualTo("a [2Jb c  d");
        assertThat(Table.printable("x".repeat(100))).hasSize(60).endsWith("…");
    }

    @Test
    void listeningPortsAreReadFromTheKernelsTable() {
        String table = """
                  sl  local_address rem_address   st
                   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000
                   1: 00000000:C33F 00000000:0000 0A 00000000:00000000
                   2: 0200000A:0016 0100000A:9C40 01 00000000:00000000
                   0: 00000000000000000000000000000000:0BB8 00000000000000000000000000000000:0000 0A
                """;
        assertThat(PortsCommand.parse(table)).containsExactly(3000, 8080);
    }
}
