package dev.declaw.egress.audit;

import java.io.UncheckedIOException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Another JVM with the classes of this module, of its tests and of what they need. The caller kills it.
public final class TestJvm {
    private TestJvm() {}

    public static Process start(Class<?> main, String... arguments) throws IOException {
        List<String> command = command(main);
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    /// Program and arguments up to the main class. The class path stands in a file: with 4,096 bytes of command line or more,
    /// the native library of ONNX Runtime crashes while it is loaded.
    public static List<String> command(Class<?> main) {
        return new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "@" + CLASS_PATH,
                main.getName()));
    }

    private static final Path CLASS_PATH = classPathFile();

    private static Path classPathFile() {
        try {
            Path file = Files.createTempFile("class-path", ".args");
            file.toFile().deleteOnExit();
            return Files.writeString(file, "-cp \"" + classPath() + "\"\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Surefire gives the main classes as modules and the rest as a class path.
    private static String classPath() {
        return String.join(
                ":",
                Path.of("target", "test-classes").toAbsolutePath().toString(),
                System.getProperty("jdk.module.path", ""),
                System.getProperty("java.class.path", ""));
    }
}
