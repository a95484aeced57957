package dev.declaw.e2e;

import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;

/// The official clients, installed from their registries as they are, once per checkout and list of versions.
final class OfficialClients {
    static final Path SCRIPTS = PythonEnvironment.ROOT.resolve("e2e/official-client");

    private OfficialClients() {}

    /// An interpreter that finds the Python client.
    static Path python() throws Exception {
        return PythonEnvironment.with("official-client", SCRIPTS.resolve("requirements.txt"));
    }

    /// A copy of a script, and of those that it imports, beside the npm client, where Node.js finds it.
    static synchronized Path beside(String script) throws Exception {
        Path folder = Files.createDirectories(PythonEnvironment.ROOT.resolve(".build/official-client-node"));
        Path stamp = folder.resolve("installed.json");
        String wanted = Files.readString(SCRIPTS.resolve("package.json"));
        if (!Files.exists(stamp) || !Files.readString(stamp).equals(wanted)) {
            Files.writeString(folder.resolve("package.json"), wanted);
            Exec.run(node("npm", "install", "--prefix", folder.toString(), "--no-audit", "--no-fund", "--ignore-scripts")
                    .withDeadline(Duration.ofMinutes(5)));
            Files.writeString(stamp, wanted);
        }
        try (var scripts = Files.newDirectoryStream(SCRIPTS, "*.mjs")) {
            for (Path one : scripts) Files.copy(one, folder.resolve(one.getFileName()), StandardCopyOption.REPLACE_EXISTING);
        }
        return folder.resolve(script);
    }

    /// `node` or `npm` with arguments.
    static Command node(String program, String... arguments) throws Exception {
        Path bin = PythonEnvironment.with("node", SCRIPTS.resolve("node-requirements.txt")).getParent();
        String[] all = new String[arguments.length + 1];
        all[0] = bin.resolve(program).toString();
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return Command.of(all).withEnvironment("PATH", bin + ":/usr/bin:/bin");
    }
}
