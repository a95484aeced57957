package dev.declaw.e2e.world;

import java.nio.file.Files;
import java.nio.file.Path;

/// The checkout that this code runs from.
public final class Checkout {
    private Checkout() {}

    /// The launcher `./declaw`, found in this folder or a parent.
    public static Path launcher() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path launcher = at.resolve("declaw");
            if (Files.isExecutable(launcher) && Files.exists(at.resolve("pom.xml"))) return launcher;
        }
        throw new IllegalStateException("run inside a checkout: the launcher ./declaw was not found");
    }
}
