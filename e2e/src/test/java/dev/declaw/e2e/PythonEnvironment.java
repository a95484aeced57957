package dev.declaw.e2e;

import dev.declaw.e2e.world.Checkout;
import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/// Virtual environments for tests that are written in Python: made once per checkout and list of requirements.
final class PythonEnvironment {
    static final Path ROOT = Checkout.launcher().getParent();

    private PythonEnvironment() {}

    /// The interpreter of an environment that has what a requirements file pins.
    ///
    /// @param name folder below `.build`
    static Path with(String name, Path requirements) throws Exception {
        Path folder = ROOT.resolve(".build").resolve(name);
        Path python = folder.resolve("bin/python");
        Path stamp = folder.resolve("requirements.txt");
        String wanted = Files.readString(requirements);
        if (!Files.exists(stamp) || !Files.readString(stamp).equals(wanted)) {
            Exec.run(Command.of("python3", "-m", "venv", "--clear", folder.toString()).withDeadline(Duration.ofMinutes(2)));
            Exec.run(Command.of(
                            python.toString(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                            "-r", requirements.toString())
                    .withDeadline(Duration.ofMinutes(5)));
            Files.writeString(stamp, wanted);
        }
        return python;
    }
}
