package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.declaw.e2e.Documents.Block;
import dev.declaw.e2e.WholeSystem.Rig;
import dev.declaw.e2e.platform.Api;
import dev.declaw.e2e.world.Received;
import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// What the documents say works: every block of code runs against real microVMs as a reader would run it, in Python, Java and
/// the shell. `text` is output or a picture, `json` must be JSON, and `sh` are lines that a person types on a fresh machine:
/// they may only name verbs and files that there are.
@ExtendWith(WholeSystem.class)
@Timeout(600)
class DocumentsTest {
    private static final Path ROOT = PythonEnvironment.ROOT;
    private static final AtomicBoolean SERVED = new AtomicBoolean();

    @TempDir
    private static Path folder;

    /// `api.example.com` of the documents, which sends back what it gets.
    private static void serve(Rig rig) {
        if (SERVED.getAndSet(true)) return;
        rig.world.tlsOrigin("api.example.com", DocumentsTest::echo);
    }

    private static Received.Answer echo(Received request) {
        String type = request.header("Content-Type").orElse("text/plain");
        return new Received.Answer(200, Map.of("Content-Type", type), request.body(), false);
    }

    private static Command withServer(Rig rig, Command command) {
        return command.withEnvironment("DECLAW_DOMAIN", rig.platform.domain())
                .withEnvironment("DECLAW_API_KEY", rig.platform.apiKey())
                .withEnvironment("PYTHONDONTWRITEBYTECODE", "1")
                .withDeadline(Duration.ofMinutes(8));
    }

    /// What the program says goes to stderr, whose end is in the failure.
    private static void passes(Command command) {
        assertThatCode(() -> Exec.run(command)).doesNotThrowAnyException();
    }

    @Test
    void everyBlockSaysWhatItIs() throws Exception {
        List<String> unknown = new ArrayList<>();
        for (Path page : Documents.pages()) {
            for (Block block : Documents.blocks(page)) {
                String place = block.where() + ":" + block.line() + " '" + block.language() + "'";
                if (!Set.of("python", "java", "bash", "sh", "json", "text").contains(block.language())) unknown.add(place);
                if (block.language().equals("json")) assertThatCode(() -> Api.JSON.readTree(block.text())).as(place).doesNotThrowAnyException();
                if (block.language().equals("sh")) assertThat(wrongLines(block)).as(place).isEmpty();
            }
        }
        assertThat(unknown).isEmpty();
    }

    /// Lines that name a verb, a module or a file that there is not.
    private static List<String> wrongLines(Block block) throws Exception {
        String help = Files.readString(ROOT.resolve("declaw"));
        List<String> wrong = new ArrayList<>();
        for (String line : block.text().replace("\\\n", " ").split("\n")) {
            Matcher verb = Pattern.compile("\\./declaw (\\w+).*").matcher(line);
            Matcher file = Pattern.compile("(?:pip install '?\\./|mvn -pl )(sdk/\\w+).*").matcher(line);
            boolean known = verb.matches() && help.contains("  " + verb.group(1) + ") ")
                    || file.matches() && Files.exists(ROOT.resolve(file.group(1)));
            if (!known) wrong.add(line);
        }
        return wrong;
    }

    @Test
    void thePythonRuns(Rig rig) throws Exception {
        serve(rig);
        ArrayNode pages = Api.JSON.createArrayNode();
        for (List<Block> blocks : Documents.in("python")) {
            ArrayNode page = pages.addArray();
            for (Block block : blocks) {
                page.addObject().put("where", block.where()).put("line", block.line()).put("text", block.text());
            }
        }
        Path list = Files.writeString(folder.resolve("python.json"), pages.toString());
        Path python = PythonEnvironment.with("agents-newest", ROOT.resolve("sdk/python/tests/requirements-agents-newest.txt"));
        passes(withServer(rig, Command.of(python.toString(), ROOT.resolve("e2e/documents/run_python.py").toString(), list.toString()))
                .withEnvironment("PYTHONPATH", ROOT.resolve("sdk/python/src") + ":" + ROOT.resolve("sdk/python/live")));
    }

    @Test
    void theJavaRuns(Rig rig) throws Exception {
        serve(rig);
        StringBuilder imports = new StringBuilder();
        StringBuilder methods = new StringBuilder();
        StringBuilder calls = new StringBuilder();
        for (List<Block> blocks : Documents.in("java")) {
            for (Block block : blocks) {
                String name = (block.where() + "_" + block.line()).replaceAll("\\W", "_");
                StringBuilder body = new StringBuilder();
                for (String line : block.text().split("\n")) (line.startsWith("import ") ? imports : body).append(line).append('\n');
                methods.append("static void ").append(name).append("() throws Exception {\n").append(body).append("}\n");
                calls.append("System.err.println(\"").append(name).append("\"); ").append(name).append("();\n");
            }
        }
        Path source = Files.createDirectories(folder.resolve("java")).resolve("Blocks.java");
        Files.writeString(
                source, imports + "final class Blocks {\n" + methods + "public static void main(String[] a) throws Exception {\n" + calls + "}\n}\n");
        String classes = ROOT.resolve("sdk/java/target/classes").toString();
        String home = System.getProperty("java.home");
        passes(Command.of(home + "/bin/javac", "--release", "17", "-cp", classes, "-d", source.getParent().toString(), source.toString())
                .withDeadline(Duration.ofMinutes(1)));
        passes(withServer(rig, Command.of(home + "/bin/java", "-cp", classes + ":" + source.getParent(), "Blocks")));
    }

    /// One shell per page. `declaw shell` reads the end of its input and leaves.
    @Test
    void theShellRuns(Rig rig) throws Exception {
        serve(rig);
        Path work = Files.createDirectories(folder.resolve("shell"));
        Files.createDirectories(work.resolve("project"));
        Files.writeString(work.resolve("project/main.py"), "print(1)");
        Path bin = Files.createDirectories(folder.resolve("bin"));
        Files.createSymbolicLink(bin.resolve("declaw"), ROOT.resolve("cli/target/declaw"));
        for (List<Block> blocks : Documents.in("bash")) {
            StringBuilder script = new StringBuilder("set -euo pipefail\nexec </dev/null\n");
            for (Block block : blocks) {
                script.append("echo '").append(block.where()).append(':').append(block.line()).append("' >&2\n").append(block.text());
            }
            Path file = Files.writeString(folder.resolve("page.sh"), script);
            passes(withServer(rig, Command.of("bash", file.toString()))
                    .withDirectory(work)
                    .withEnvironment("DECLAW_JAVA", System.getProperty("java.home") + "/bin/java")
                    .withEnvironment("XDG_CACHE_HOME", folder.resolve("cache").toString())
                    .withEnvironment("PATH", bin + ":" + System.getenv("PATH")));
        }
    }

    /// The site is built; a broken link or a warning of Javadoc fails that.
    @Test
    void theSiteIsBuilt() throws Exception {
        passes(Command.of(ROOT.resolve("declaw").toString(), "docs")
                .withEnvironment("JAVA_HOME", System.getProperty("java.home"))
                .withDeadline(Duration.ofMinutes(5)));
        Path site = ROOT.resolve(".build/site");
        assertThat(site.resolve("docs/policy-examples.html")).content().contains("536-90-4399");
        assertThat(site.resolve("reference/java/dev.declaw.sdk/dev/declaw/sdk/async/AsyncSandbox.html")).exists();
        assertThat(site.resolve("reference/python/declaw/openai.html")).content().contains("DeclawSandboxClientOptions");
    }
}
