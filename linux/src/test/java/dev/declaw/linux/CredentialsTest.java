package dev.declaw.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class CredentialsTest {
    private static final int UID = 1_999_998;
    private static final int GID = 1_999_997;

    /// Drops root with several threads running, then does what its input says.
    static final class Child {
        public static void main(String[] arguments) throws IOException {
            for (int i = 0; i < 4; i++) {
                Thread.ofPlatform().daemon().start(() -> {
                    while (true) Thread.onSpinWait();
                });
            }
            Credentials.drop(UID, GID, 1000);
            System.out.println("dropped");
            for (int command = System.in.read(); command >= 0; command = System.in.read()) {
                System.out.println(tried(command));
            }
        }

        private static String tried(int command) {
            try {
                return switch (command) {
                    case 'x' -> "executed " + new ProcessBuilder("/bin/true").start().pid();
                    case 'r' -> "read " + Files.readAllBytes(Path.of("/etc/shadow")).length;
                    case 'd' -> {
                        Credentials.drop(UID + 1, GID, 1000);
                        yield "became another user";
                    }
                    default -> "nothing";
                };
            } catch (IOException | RuntimeException e) {
                return "refused";
            }
        }
    }

    @Test
    void everyThreadOfAProcessLosesRootForGood() throws Exception {
        assumeThat(Files.isReadable(Path.of("/etc/shadow"))).as("needs root").isTrue();
        Process child = ChildJvm.start(Child.class);
        try (BufferedReader out = child.inputReader()) {
            assertThat(out.readLine()).isEqualTo("dropped");

            Credentials.verify(child.pid(), UID, GID);
            List<Path> threads = threads(child.pid());
            assertThat(threads).hasSizeGreaterThan(8);
            for (Path thread : threads) {
                assertThat(Files.readString(thread.resolve("status")))
                        .contains("Uid:\t%1$d\t%1$d\t%1$d\t%1$d".formatted(UID))
                        .contains("Gid:\t%1$d\t%1$d\t%1$d\t%1$d".formatted(GID))
                        .containsPattern("(?m)^Groups:\\s*$")
                        .containsPattern("(?m)^CapEff:\t0{16}$")
                        .containsPattern("(?m)^CapPrm:\t0{16}$")
                        .contains("NoNewPrivs:\t1");
            }
            assertThat(Files.readString(Path.of("/proc/" + child.pid() + "/limits")))
                    .containsPattern("Max core file size +0 +0 ")
                    .containsPattern("Max open files +1000 +1000 ");
            // Not dumpable: the process's own files in /proc are root's.
            assertThat(Files.getAttribute(Path.of("/proc/" + child.pid() + "/mem"), "unix:uid")).isEqualTo(0);

            for (char attempt : new char[] {'x', 'r', 'd'}) {
                child.getOutputStream().write(attempt);
                child.getOutputStream().flush();
                assertThat(out.readLine()).as("attempt %s", attempt).isEqualTo("refused");
            }
        } finally {
            child.destroyForcibly().waitFor();
        }
    }

    @Test
    void aProcessDiesWithTheThreadThatStartedIt() throws Exception {
        assumeThat(Files.isReadable(Path.of("/etc/shadow"))).as("needs root").isTrue();
        List<Process> started = new ArrayList<>();
        Thread parent = Thread.ofPlatform().start(() -> {
            try {
                Process child = ChildJvm.start(Child.class);
                started.add(child);
                assertThat(child.inputReader().readLine()).isEqualTo("dropped");
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        parent.join();
        assertThat(started.getFirst().waitFor()).isEqualTo(128 + 9);
    }

    @Test
    void aProcessThatKeptRootIsNotAccepted() {
        assertThatIllegalStateException()
                .isThrownBy(() -> Credentials.verify(ProcessHandle.current().pid(), UID, GID))
                .withMessageContaining("a thread kept a privilege");
    }

    @Test
    void aProcessThatHasGoneIsNotAccepted() throws Exception {
        Process gone = new ProcessBuilder("/bin/true").start();
        gone.waitFor();
        assertThatIllegalStateException().isThrownBy(() -> Credentials.verify(gone.pid(), UID, GID));
    }

    @ParameterizedTest
    @CsvSource({
        "Uid:, '7\t7\t7\t7', '7\t0\t7\t7'",
        "Gid:, '8\t8\t8\t8', '8\t8\t0\t8'",
        "Groups:, '', '27 '",
        "CapInh:, 0000000000000000, 0000000000000001",
        "CapPrm:, 0000000000000000, 000001ffffffffff",
        "CapEff:, 0000000000000000, 0000000000001000",
        "CapAmb:, 0000000000000000, 0000000000001000",
        "NoNewPrivs:, 1, 0",
        "Seccomp:, 2, 0",
    })
    void eachLineOfAThreadsStatusCounts(String line, String good, String bad) {
        String status = """
                Name:\tjava
                Uid:\t7\t7\t7\t7
                Gid:\t8\t8\t8\t8
                Groups:\t\s
                CapInh:\t0000000000000000
                CapPrm:\t0000000000000000
                CapEff:\t0000000000000000
                CapBnd:\t000001ffffffffff
                CapAmb:\t0000000000000000
                NoNewPrivs:\t1
                Seccomp:\t2
                """;
        Credentials.verifyThread(status, 7, 8);
        String changed = status.replace(line + "\t" + good, line + "\t" + bad);
        assertThat(changed).isNotEqualTo(status);
        assertThatIllegalStateException()
                .isThrownBy(() -> Credentials.verifyThread(changed, 7, 8))
                .withMessageContaining(line);
        assertThatIllegalStateException()
                .isThrownBy(() -> Credentials.verifyThread(status.replace(line, "Other:"), 7, 8))
                .withMessageContaining(line);
    }

    @Test
    void rootIsNoUserToBecome() {
        assertThatIllegalArgumentException().isThrownBy(() -> Credentials.drop(0, 5, 10));
        assertThatIllegalArgumentException().isThrownBy(() -> Credentials.drop(5, 0, 10));
    }

    @Test
    void aFailedCallNamesItselfAndItsErrno() {
        assertThatExceptionOfType(LinuxException.class)
                .isThrownBy(() -> OriginalDestination.of(-1))
                .satisfies(e -> assertThat(e.errno()).isEqualTo(9))
                .withMessageContaining("SO_ORIGINAL_DST");
    }

    private static List<Path> threads(long pid) throws IOException {
        List<Path> threads = new ArrayList<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
            tasks.forEach(threads::add);
        }
        return threads;
    }
}
