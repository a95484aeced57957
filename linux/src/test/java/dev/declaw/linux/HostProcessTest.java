package dev.declaw.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class HostProcessTest {
    private final String mark = "4" + System.nanoTime() % 1_000_000_000;

    @Test
    void aProcessIsFoundByItsArgumentAndKilled() throws Exception {
        Process child = Exec.startPiped(Command.of("sleep", mark));
        // The child is setsid for an instant before it becomes sleep; its id and start time stay.
        HostProcess process = HostProcess.of(child.pid()).orElseThrow();
        assertThat(HostProcess.withArgument(mark)).containsExactly(process);
        assertThat(process.alive()).isTrue();
        assertThat(process.exited().toCompletableFuture()).isNotDone();

        assertThat(process.kill(Duration.ofSeconds(10))).isTrue();

        assertThat(process.alive()).isFalse();
        process.exited().toCompletableFuture().get(10, TimeUnit.SECONDS);
        assertThat(process.kill(Duration.ofSeconds(1))).as("a second kill").isTrue();
        assertThat(HostProcess.withArgument(mark)).isEmpty();
    }

    @Test
    void aProcessThatIsNotOurChildIsKilledToo() throws Exception {
        // The shell ends at once and leaves its child to process 1.
        Exec.run(Command.of("sh", "-c", "sleep " + mark + " >/dev/null 2>&1 & echo $!"));
        HostProcess orphan = HostProcess.withArgument(mark).getFirst();
        assertThat(orphan.kill(Duration.ofSeconds(10))).isTrue();
        orphan.exited().toCompletableFuture().get(10, TimeUnit.SECONDS);
        assertThat(orphan.alive()).isFalse();
    }

    @Test
    void aNumberThatWasGivenOutAgainIsAnotherProcess() {
        HostProcess self = HostProcess.of(ProcessHandle.current().pid()).orElseThrow();
        HostProcess former = new HostProcess(self.pid(), self.startTicks() - 1);
        assertThat(self.alive()).isTrue();
        assertThat(former.alive()).isFalse();
        assertThat(former.kill(Duration.ofSeconds(1))).as("nothing to kill").isTrue();
        assertThat(self.alive()).isTrue();
    }

    @Test
    void usageIsThatOfTheProcess() {
        HostProcess self = HostProcess.of(ProcessHandle.current().pid()).orElseThrow();
        assertThat(self.cpuSeconds()).isPositive();
        assertThat(self.residentMib()).isGreaterThan(10);
        HostProcess gone = new HostProcess(4_194_000, 1);
        assertThat(gone.residentMib()).isZero();
        assertThat(gone.cpuSeconds()).isZero();
    }
}
