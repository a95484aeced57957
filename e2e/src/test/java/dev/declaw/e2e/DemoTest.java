package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.e2e.demo.Demo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoTest {
    /// The demo as `./declaw demo` starts it, in a process of its own.
    @Test
    void keepsEveryPromiseItPrints(@TempDir Path folder) throws Exception {
        Path out = folder.resolve("out");
        Process demo = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Demo.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        assertThat(demo.waitFor(180, TimeUnit.SECONDS)).as("the demo ends within 180 s").isTrue();
        String text = Files.readString(out);
        assertThat(demo.exitValue()).as(text).isZero();
        assertThat(text).doesNotContain("BROKEN").contains("REDACTED_SSN_1").contains("metadata_endpoint").contains("./declaw up");
    }
}
