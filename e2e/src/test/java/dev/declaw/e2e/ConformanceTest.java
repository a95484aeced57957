package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.e2e.WholeSystem.Rig;
import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.api.extension.ExtendWith;

/// Every public method of the official clients, against real microVMs. Which methods exist is read from the clients themselves:
/// one that no script calls fails its script, and docs/compatibility.md must name those that ran, and no others.
@ExtendWith(WholeSystem.class)
class ConformanceTest {
    private final Rig rig;

    ConformanceTest(Rig rig) {
        this.rig = rig;
    }

    @Test
    void thePythonClient() throws Exception {
        python("conformance_sync.py");
    }

    @Test
    void theAsynchronousPythonClient() throws Exception {
        python("conformance_async.py");
    }

    @Test
    void theNpmClient() throws Exception {
        run(OfficialClients.node("node", OfficialClients.beside("conformance.mjs").toString()));
    }

    /// `-Ddeclaw.test.openai-adapter=false` leaves it out, with the framework that it installs.
    @Test
    @DisabledIfSystemProperty(named = "declaw.test.openai-adapter", matches = "false")
    void theAdapterOfThePythonClientForAnAgentFramework() throws Exception {
        Path python = PythonEnvironment.with("openai-adapter", OfficialClients.SCRIPTS.resolve("openai-requirements.txt"));
        output(Command.of(python.toString(), OfficialClients.SCRIPTS.resolve("openai_adapter.py").toString()));
    }

    private void python(String script) throws Exception {
        run(Command.of(OfficialClients.python().toString(), OfficialClients.SCRIPTS.resolve(script).toString()));
    }

    private void run(Command command) throws Exception {
        Set<String> ran = methods(output(command));
        String client = ran.iterator().next().split(" ")[0] + " ";
        Set<String> documented = documented();
        documented.removeIf(method -> !method.startsWith(client));
        assertThat(documented).as("docs/compatibility.md must list\n%s", table(ran)).isEqualTo(ran);
    }

    /// What the document is to say, to be pasted there.
    private static String table(Set<String> methods) {
        Map<String, StringJoiner> rows = new TreeMap<>();
        for (String method : methods) {
            String[] parts = method.substring(method.indexOf(' ') + 1).split("\\.", 2);
            rows.computeIfAbsent(parts[0], type -> new StringJoiner(" ", "| `" + type + "` | ", " |\n")).add("`" + parts[1] + "`");
        }
        return rows.values().stream().map(StringJoiner::toString).collect(Collectors.joining());
    }

    private String output(Command command) throws Exception {
        Exec.Output output = Exec.run(command.withEnvironment("DECLAW_DOMAIN", rig.platform.domain())
                .withEnvironment("DECLAW_API_KEY", rig.platform.apiKey())
                .withDeadline(Duration.ofMinutes(4)));
        assertThat(output.text()).contains("checks passed");
        return output.text();
    }

    /// `client Class.method` of each method that a script saw running.
    private static Set<String> methods(String output) {
        Set<String> methods = new TreeSet<>();
        for (String line : output.lines().toList()) {
            if (!line.startsWith("method ")) continue;
            methods.add(line.substring("method ".length()).replace("::", ".::"));
        }
        assertThat(methods).isNotEmpty();
        return methods;
    }

    /// The same, from the tables of docs/compatibility.md.
    private static Set<String> documented() throws IOException {
        Set<String> methods = new TreeSet<>();
        String client = "";
        for (String line : Files.readAllLines(PythonEnvironment.ROOT.resolve("docs/compatibility.md"))) {
            if (line.startsWith("<!-- methods:")) client = line.replaceAll("<!-- methods:(.*) -->", "$1");
            if (line.startsWith("## ")) client = "";
            if (client.isEmpty() || !line.startsWith("| `")) continue;
            String[] cells = line.split("\\|");
            if (cells[2].isBlank()) continue; // the head of the table
            String type = cells[1].replace("`", "").strip();
            for (String method : cells[2].replace("`", "").strip().split(" ")) methods.add(client + " " + type + "." + method);
        }
        return methods;
    }
}
