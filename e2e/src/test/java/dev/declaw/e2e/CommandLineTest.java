package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.e2e.WholeSystem.Rig;
import dev.declaw.e2e.platform.Api;
import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The file `declaw` as users start it, against the real server; and the official MCP client against `declaw mcp`.
@ExtendWith(WholeSystem.class)
@Timeout(300)
class CommandLineTest {
    private static final Path PROGRAM = PythonEnvironment.ROOT.resolve("cli/target/declaw");
    private static final int STARTS = 9;

    @TempDir
    private static Path folder;

    private record Ran(int code, String out, String err) {
        JsonNode json() throws Exception {
            return Api.JSON.readTree(out);
        }
    }

    /// Runs a line of a shell in which `declaw` is the program.
    private static Ran sh(Rig rig, String line) throws Exception {
        assertThat(PROGRAM).as("built by ./declaw cli --version").isExecutable();
        Path err = folder.resolve("err");
        String script = "declaw() { '" + PROGRAM + "' \"$@\"; }\n{ " + line + "\n} 2>" + err + "\nprintf '\\n%s' $?";
        String out = Exec.run(Command.of("sh", "-c", script)
                        .withDirectory(folder)
                        .withDeadline(Duration.ofMinutes(2))
                        .withEnvironment("DECLAW_JAVA", System.getProperty("java.home") + "/bin/java")
                        .withEnvironment("XDG_CACHE_HOME", folder.resolve("cache").toString())
                        .withEnvironment("DECLAW_DOMAIN", rig.platform.domain())
                        .withEnvironment("DECLAW_API_KEY", rig.platform.apiKey()))
                .text();
        int last = out.lastIndexOf('\n');
        return new Ran(Integer.parseInt(out.substring(last + 1)), out.substring(0, last), Files.readString(err));
    }

    @Test
    void aSandboxFromTheTerminal(Rig rig) throws Exception {
        Ran created = sh(rig, "declaw create --allow api.example.test -e COLOR=blue -m suite=cli --timeout 10m");
        assertThat(created.code()).as(created.err()).isZero();
        String id = created.out().strip();
        assertThat(id).matches("sbx-[A-Za-z0-9_-]+");
        try {
            Ran ran = sh(rig, "declaw exec " + id + " 'echo $COLOR; echo err >&2; exit 42'");
            assertThat(ran.code()).isEqualTo(42);
            assertThat(ran.out()).isEqualTo("blue\n");
            assertThat(ran.err()).isEqualTo("err\n");
            assertThat(sh(rig, "declaw exec " + id + " -- printf '%s|' a 'b c' \"it's\"").out()).isEqualTo("a|b c|it's|");
            assertThat(sh(rig, "declaw exec --json " + id + " id -un").json().path("stdout").textValue()).isEqualTo("user\n");
            assertThat(sh(rig, "printf 'echo from the shell\\nexit 7\\n' | declaw shell " + id))
                    .matches(shell -> shell.code() == 7 && shell.out().contains("from the shell"));
            copies(rig, id);
            background(rig, id);
            evidence(rig, id);
            assertThat(sh(rig, "declaw ls -m suite=cli").out()).contains(id, "running", "suite=cli", "SANDBOX").doesNotContain("\u001b");
            assertThat(sh(rig, "declaw ls --json -m suite=cli").json().get(0).path("sandbox_id").textValue()).isEqualTo(id);
            assertThat(sh(rig, "declaw info " + id).out()).contains(id, "running", "MiB");
        } finally {
            assertThat(sh(rig, "declaw kill --wait " + id).out()).contains("killed");
        }
        Ran gone = sh(rig, "declaw exec " + id + " true");
        assertThat(gone.code()).isEqualTo(3);
        assertThat(gone.err()).contains("declaw ls");
    }

    private static void copies(Rig rig, String id) throws Exception {
        Files.createDirectories(folder.resolve("up/deep"));
        Files.writeString(folder.resolve("up/a.txt"), "one");
        Files.writeString(folder.resolve("up/deep/b c.txt"), "two");
        assertThat(sh(rig, "declaw cp up " + id + ":/home/user/").out()).contains("2 files");
        assertThat(sh(rig, "declaw exec " + id + " 'cat \"up/deep/b c.txt\"'").out()).isEqualTo("two");
        assertThat(sh(rig, "declaw cp " + id + ":/home/user/up down").out()).contains("2 files, 6 bytes");
        assertThat(folder.resolve("down/deep/b c.txt")).hasContent("two");
        assertThat(sh(rig, "declaw cp " + id + ":/home/user/up/a.txt .").code()).isZero();
        assertThat(folder.resolve("a.txt")).hasContent("one");
        Ran missing = sh(rig, "declaw cp " + id + ":/nope .");
        assertThat(missing.code()).isEqualTo(3);
    }

    private static void background(Rig rig, String id) throws Exception {
        String pid = sh(rig, "declaw exec -d " + id + " 'echo done; exit 5'").out().strip();
        Ran logs = sh(rig, "declaw logs " + id + " " + pid);
        assertThat(logs.code()).isEqualTo(5);
        assertThat(logs.out()).isEqualTo("done\n");
        sh(rig, "declaw exec -d " + id + " 'python3 -m http.server 8000'");
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!sh(rig, "declaw ports " + id).out().contains("8000")) {
            assertThat(System.nanoTime()).as("waited 60 s for a port that listens").isLessThan(deadline);
        }
        assertThat(sh(rig, "declaw ports --json " + id).json().get(0).path("url").textValue()).endsWith(id + "/ports/8000");
    }

    private static void evidence(Rig rig, String id) throws Exception {
        sh(rig, "declaw exec " + id + " 'curl -sS https://other.example.test/'");
        Ran audit = sh(rig, "declaw audit " + id + " --decision deny");
        assertThat(audit.out()).contains("DECISION", "denied_by_rule", "other.example.test");
        assertThat(sh(rig, "declaw audit --json --decision deny " + id).json()).isNotEmpty();
        assertThat(sh(rig, "declaw audit --verify " + id).out()).contains("intact");
        assertThat(sh(rig, "declaw logs " + id).out()).contains("vm_created");
    }

    @Test
    void aSandboxIsPausedResumedSavedForkedAndFollowed(Rig rig) throws Exception {
        String id = sh(rig, "declaw create --allow api.example.test --timeout 10m").out().strip();
        try {
            sh(rig, "declaw exec " + id + " 'echo kept > /dev/shm/state'");
            assertThat(sh(rig, "declaw pause " + id).code()).isZero();
            Ran paused = sh(rig, "declaw exec " + id + " true");
            assertThat(paused.code()).isEqualTo(5);
            assertThat(paused.err()).contains("declaw resume");
            assertThat(sh(rig, "declaw ls").out()).contains("paused");
            assertThat(sh(rig, "declaw resume " + id).code()).isZero();
            assertThat(sh(rig, "declaw exec " + id + " cat /dev/shm/state").out()).isEqualTo("kept\n");
            String snapshot = sh(rig, "declaw snapshot create " + id).out().strip();
            assertThat(sh(rig, "declaw snapshot ls " + id).out()).contains(snapshot);
            Ran forked = sh(rig, "declaw fork -n 2 " + id);
            List<String> forks = forked.out().strip().lines().toList();
            assertThat(forks).as(forked.err()).hasSize(2).doesNotHaveDuplicates().doesNotContain(id);
            for (String fork : forks) assertThat(sh(rig, "declaw exec " + fork + " cat /dev/shm/state").out()).isEqualTo("kept\n");
            assertThat(sh(rig, "declaw kill " + String.join(" ", forks)).code()).isZero();
            sh(rig, "declaw exec " + id + " 'echo changed > /dev/shm/state'");
            assertThat(sh(rig, "declaw snapshot restore " + id + " " + snapshot).code()).isZero();
            assertThat(sh(rig, "declaw exec " + id + " cat /dev/shm/state").out()).isEqualTo("kept\n");
            assertThat(sh(rig, "declaw snapshot rm " + id + " " + snapshot).code()).isZero();
            Ran followed = sh(rig, "declaw tail " + id + " >tail.txt & "
                    + "declaw exec " + id + " 'curl -sS https://other.example.test/' >/dev/null; "
                    + "for i in $(seq 60); do grep -q other.example.test tail.txt && break; sleep 0.5; done; "
                    + "declaw kill --wait " + id + " >/dev/null; wait; cat tail.txt");
            assertThat(followed.out()).as(followed.err()).contains("✗ deny", "other.example.test", "denied_by_rule");
        } finally {
            sh(rig, "declaw kill " + id);
        }
    }

    @Test
    void volumesAndSecretsAreKeptAndUsed(Rig rig) throws Exception {
        Files.writeString(folder.resolve("one.txt"), "one");
        String volume = sh(rig, "declaw volume create cli-data").out().strip();
        assertThat(sh(rig, "declaw volume put one.txt " + volume + " /one.txt").code()).isZero();
        assertThat(sh(rig, "declaw volume ls " + volume).out()).contains("one.txt");
        assertThat(sh(rig, "declaw volume get " + volume + " /one.txt back.txt").code()).isZero();
        assertThat(folder.resolve("back.txt")).hasContent("one");
        Ran set = sh(rig, "printf 'a-value-nobody-sees' | declaw vault set cli-secret --hosts 'api\\.example\\.test'");
        assertThat(set.code()).as(set.err()).isZero();
        assertThat(sh(rig, "declaw vault ls").out()).contains("cli-secret").doesNotContain("a-value-nobody-sees");
        String id = sh(rig, "declaw create --allow api.example.test --secret TOKEN=cli-secret -v " + volume + ":/data").out().strip();
        try {
            assertThat(sh(rig, "declaw exec " + id + " 'cat /data/one.txt; echo; echo $TOKEN'").out())
                    .isEqualTo("one\ndeclaw:vault-managed\n");
            rig.api.forget();
            sh(rig, "declaw exec " + id + " 'curl -sS https://api.example.test/x'");
            assertThat(rig.api.everSaw("a-value-nobody-sees")).isTrue();
            assertThat(sh(rig, "printf 'another-value' | declaw vault rotate cli-secret").code()).isZero();
        } finally {
            sh(rig, "declaw kill --wait " + id);
            assertThat(sh(rig, "declaw vault rm cli-secret").code()).isZero();
            assertThat(sh(rig, "declaw volume rm " + volume).code()).isZero();
        }
    }

    @Test
    void aPersonUsesTheShellInATerminal(Rig rig) throws Exception {
        String id = sh(rig, "declaw create --timeout 10m").out().strip();
        Path script = PythonEnvironment.ROOT.resolve("e2e/terminal/person.py");
        Ran person = sh(rig, "python3 " + script + " " + PROGRAM + " " + id);
        sh(rig, "declaw kill " + id);
        assertThat(person.out()).as(person.err()).contains("the terminal works");
    }

    @Test
    void aPolicyIsLintedAndExplained(Rig rig) throws Exception {
        Files.writeString(folder.resolve("p.json"), "{\"network\": {\"allow_out\": [\"api.example.test\"]}}");
        Files.writeString(folder.resolve("bad.json"), "{\"network\": {\"allowout\": []}}");
        assertThat(sh(rig, "declaw policy lint p.json").out()).contains("accepted", "denies everything");
        Ran bad = sh(rig, "declaw policy lint bad.json");
        assertThat(bad.code()).isEqualTo(2);
        assertThat(bad.err()).contains("allowout");
        assertThat(sh(rig, "declaw policy explain p.json api.example.test").out()).contains("allow", "allowed_by_rule");
        Ran denied = sh(rig, "declaw policy explain p.json other.example.test");
        assertThat(denied.code()).isEqualTo(4);
        assertThat(denied.out()).contains("not_in_allow_list");
        Ran stranger = sh(rig, "DECLAW_API_KEY=dcl_wrong; declaw usage");
        assertThat(stranger.code()).isEqualTo(4);
        assertThat(stranger.err()).contains("DECLAW_API_KEY").doesNotContain("dcl_wrong");
        assertThat(sh(rig, "declaw usage").out()).contains("sandboxes");
    }

    /// The budget is 300 ms on a quiet machine. Processor time is what a busy one can tell; the best of several is taken.
    @Test
    void itStartsFast(Rig rig) throws Exception {
        sh(rig, "declaw --version");
        sh(rig, "for i in $(seq 60); do ls cache/declaw/*.aot >/dev/null 2>&1 && break; sleep 1; done");
        String timed = "bash -c 'TIMEFORMAT=%U+%S; time \"" + PROGRAM + "\" ls --help >/dev/null'";
        List<Double> seconds = IntStream.range(0, STARTS).mapToObj(_ -> {
            try {
                String[] parts = sh(rig, timed).err().strip().split("\\+");
                return Double.parseDouble(parts[0]) + Double.parseDouble(parts[1]);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }).toList();
        assertThat(seconds.stream().min(Comparator.naturalOrder()).orElseThrow()).as("seconds of %s", seconds).isLessThan(0.3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"stdio", "http", "run"})
    void theOfficialMcpClientWorksWithSandboxes(String transport, Rig rig) throws Exception {
        Path policy = Files.writeString(
                folder.resolve("mcp.json"),
                "{\"pii\": {\"enabled\": true, \"types\": [\"ssn\"]}, \"network\": {\"allow_out\": [\"api.example.test\"], \"deny_out\": [\"*\"]}}");
        Path client = PythonEnvironment.ROOT.resolve("e2e/mcp-client");
        Path python = PythonEnvironment.with("mcp-client", client.resolve("requirements.txt"));
        Ran ran = sh(rig, python + " " + client.resolve("check.py") + " " + PROGRAM + " " + policy + " " + transport);
        assertThat(ran.out()).as(ran.err()).contains("checks passed");
        assertThat(rig.api.everSaw("536-90-4399")).isFalse();
        for (String made : List.of("declaw-mcp", "declaw-mcp-run")) {
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (!sh(rig, "declaw ls --json -m made_by=" + made).json().isEmpty()) {
                assertThat(System.nanoTime()).as("waited 60 s for what was left to end").isLessThan(deadline);
                Thread.sleep(200);
            }
        }
    }
}
