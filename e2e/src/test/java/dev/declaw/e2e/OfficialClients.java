package dev.declaw.e2e;

import dev.declaw.e2e.world.Checkout;
import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/// The official clients, installed from their registries as they are, once per checkout and list of versions.
final class OfficialClients {
    private static final Path ROOT = Checkout.launcher().getParent();
    private static final Path SOURCES = ROOT.resolve("e2e/official-client");

    private OfficialClients() {}

    /// An interpreter that finds the Python client. Its environment also holds Node.js.
    static synchronized Path python() throws Exception {
        Path folder = ROOT.resolve(".build/official-client");
        Path python = folder.resolve("bin/python");
        Path stamp = folder.resolve("requirements.txt");
        String wanted = Files.readString(SOURCES.resolve("requirements.txt"));
        if (!Files.exists(stamp) || !Files.readString(stamp).equals(wanted)) {
            Exec.run(Command.of("python3", "-m", "venv", "--clear", folder.toString()).withDeadline(Duration.ofMinutes(2)));
            Exec.run(Command.of(
                            python.toString(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                            "-r", SOURCES.resolve("requirements.txt").toString())
                    .withDeadline(Duration.ofMinutes(5)));
            Files.writeString(stamp, wanted);
        }
        return python;
    }

    /// A folder with a script of ours beside the npm client, which Node.js then finds.
    ///
    /// @return the script
    static synchronized Path node(String script) throws Exception {
        Path folder = Files.createDirectories(ROOT.resolve(".build/official-client-node"));
        Path stamp = folder.resolve("installed.json");
        String wanted = Files.readString(SOURCES.resolve("package.json"));
        if (!Files.exists(stamp) || !Files.readString(stamp).equals(wanted)) {
            Files.writeString(folder.resolve("package.json"), wanted);
            Exec.run(nodeCommand("npm", "install", "--prefix", folder.toString(), "--no-audit", "--no-fund", "--ignore-scripts")
                    .withDeadline(Duration.ofMinutes(5)));
            Files.writeString(stamp, wanted);
        }
        return Files.copy(SOURCES.resolve(script), folder.resolve(script), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }

    /// `node` or `npm` with arguments, from the Python environment.
    static Command nodeCommand(String program, String... arguments) throws Exception {
        Path bin = python().resolveSibling("");
        String[] all = new String[arguments.length + 1];
        all[0] = bin.resolve(program).toString();
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return Command.of(all).withEnvironment("PATH", bin + ":/usr/bin:/bin");
    }
}
