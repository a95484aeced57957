package dev.declaw.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.BufferedReader;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// In a network namespace of its own, where nftables redirects what it sends to itself.
@Timeout(60)
class OriginalDestinationTest {
    private final String namespace = "declaw-test-" + ProcessHandle.current().pid();

    /// Accepts one connection to a port that is redirected here and prints where it was going.
    static final class Child {
        public static void main(String[] arguments) throws Throwable {
            try (TestListener listener = TestListener.on(Integer.parseInt(arguments[0]))) {
                System.out.println("listening");
                try (Descriptor accepted = listener.accept()) {
                    InetSocketAddress destination = OriginalDestination.of(accepted.descriptor());
                    System.out.println(destination.getAddress().getHostAddress() + " " + destination.getPort());
                }
            }
        }
    }

    @BeforeEach
    void makeNamespace() throws Exception {
        boolean root = Files.isReadable(Path.of("/etc/shadow"))
                && Files.isExecutable(Path.of("/usr/sbin/nft"))
                && Files.isExecutable(Path.of("/usr/sbin/ip"));
        assumeThat(root).as("needs root, nft and ip").isTrue();
        run("ip", "netns", "add", namespace);
        run("ip", "-n", namespace, "link", "set", "lo", "up");
        run("ip", "-n", namespace, "route", "add", "default", "dev", "lo");
        run("ip", "-n", namespace, "-6", "route", "add", "default", "dev", "lo");
        run("ip", "netns", "exec", namespace, "nft",
                "add table inet t; add chain inet t out { type nat hook output priority -100; };"
                        + "add rule inet t out tcp dport 443 redirect to :15001");
    }

    @AfterEach
    void removeNamespace() throws Exception {
        new ProcessBuilder("ip", "netns", "del", namespace).start().waitFor();
    }

    @Test
    void theKernelTellsWhereARedirectedConnectionWasGoing() throws Exception {
        Process child = new ProcessBuilder(
                        "ip", "netns", "exec", namespace,
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED", "-Xmx64m", "-cp",
                        Path.of("target", "classes").toAbsolutePath() + ":"
                                + Path.of("target", "test-classes").toAbsolutePath(),
                        Child.class.getName(), "15001")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader out = child.inputReader()) {
            assertThat(out.readLine()).isEqualTo("listening");
            run("ip", "netns", "exec", namespace, "bash", "-c", "exec 3<>/dev/tcp/203.0.113.9/443");
            assertThat(out.readLine()).isEqualTo("203.0.113.9 443");
        } finally {
            child.destroyForcibly().waitFor();
        }
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as("%s: %s", String.join(" ", command), output).isZero();
    }
}
