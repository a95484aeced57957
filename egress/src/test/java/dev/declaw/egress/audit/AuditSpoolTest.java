package dev.declaw.egress.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.declaw.egress.audit.AuditSpoolReader.Batch;
import dev.declaw.egress.audit.AuditSpoolReader.Position;
import dev.declaw.model.audit.AuditEvent;
import dev.declaw.model.audit.AuditUnavailableException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class AuditSpoolTest {
    private static final AuditSpool.Limits SMALL = new AuditSpool.Limits(1000, 5000);

    @TempDir
    Path directory;

    /// Records events until it is killed and prints the number of each one after `record` has returned.
    static final class Child {
        public static void main(String[] arguments) throws IOException {
            AuditSpool spool = AuditSpool.open(Path.of(arguments[0]), new AuditSpool.Limits(20_000, 1L << 30));
            for (long number = 1; ; number++) {
                spool.record(Events.numbered(number));
                System.out.println(number);
            }
        }
    }

    @Test
    void whatWasRecordedIsReadInOrderAcrossSegments() throws IOException {
        try (AuditSpool spool = AuditSpool.open(directory, SMALL)) {
            for (long number = 1; number <= 15; number++) spool.record(Events.numbered(number));
        }
        assertThat(segments()).hasSizeGreaterThan(2).allSatisfy(file -> assertThat(Files.size(file)).isLessThanOrEqualTo(1000));
        assertThat(readAll(Position.START)).isEqualTo(numbers(15));
    }

    @Test
    void aReaderGoesOnFromItsPositionWhileTheSpoolGrows() throws IOException {
        AuditSpoolReader spoolReader = new AuditSpoolReader(directory);
        List<Long> read = new ArrayList<>();
        Position position = Position.START;
        try (AuditSpool spool = AuditSpool.open(directory, SMALL)) {
            for (long number = 1; number <= 40; number++) {
                spool.record(Events.numbered(number));
                Batch batch = spoolReader.poll(position, 2);
                batch.events().forEach(event -> read.add(Events.number(event)));
                position = batch.next();
                spoolReader.discardBefore(position);
            }
            assertThat(segments()).hasSizeLessThan(4);
            assertThat(spoolReader.poll(drain(position, read), 10).events()).isEmpty();
        }
        assertThat(read).isEqualTo(numbers(40));
    }

    @Test
    void whatMayBeRecordedLaterIsRecordedInOrderWithTheNextOneOrAtTheEnd() throws IOException {
        try (AuditSpool spool = AuditSpool.open(directory, SMALL)) {
            spool.recordLater(Events.numbered(1));
            assertThat(readAll(Position.START)).isEmpty();
            spool.record(Events.numbered(2));
            assertThat(readAll(Position.START)).containsExactly(1L, 2L);
            for (long number = 3; number <= 12; number++) spool.recordLater(Events.numbered(number));
        }
        assertThat(readAll(Position.START)).isEqualTo(numbers(12));
    }

    @Test
    @Tag("B127")
    void aSpoolThatIsFullRefusesTheDecisionAndKeepsWhatWaits() throws IOException {
        AuditSpoolReader spoolReader = new AuditSpoolReader(directory);
        try (AuditSpool spool = AuditSpool.open(directory, SMALL)) {
            long recorded = recordUntilRefused(spool, 1);
            spool.recordLater(Events.numbered(recorded + 1));
            assertThatExceptionOfType(AuditUnavailableException.class).isThrownBy(() -> spool.record(Events.numbered(0)));
            List<Long> read = new ArrayList<>();
            Position position = drain(Position.START, read);
            assertThat(read).isEqualTo(numbers(recorded));
            spoolReader.discardBefore(position);
            spool.record(Events.numbered(recorded + 2));
            assertThat(readAll(position)).containsExactly(recorded + 1, recorded + 2);
        }
    }

    @Test
    void aBatchIsBounded() throws IOException {
        try (AuditSpool spool = AuditSpool.open(directory, AuditSpool.Limits.DEFAULT)) {
            for (long number = 1; number <= 10; number++) spool.record(Events.numbered(number));
        }
        assertThat(new AuditSpoolReader(directory).poll(Position.START, 3).events()).hasSize(3);
    }

    @Test
    @Tag("B127")
    void aFullSpoolRefusesUntilTheReaderHasConsumed() throws IOException {
        AuditSpoolReader spoolReader = new AuditSpoolReader(directory);
        try (AuditSpool spool = AuditSpool.open(directory, SMALL)) {
            long recorded = recordUntilRefused(spool, 1);
            assertThat(totalBytes()).isBetween(4000L, 5000L);
            assertThatExceptionOfType(AuditUnavailableException.class).isThrownBy(() -> spool.record(Events.numbered(0)));

            List<Long> read = new ArrayList<>();
            Position position = drain(Position.START, read);
            assertThat(read).isEqualTo(numbers(recorded));
            spoolReader.discardBefore(position);
            spool.record(Events.numbered(recorded + 1));
            assertThat(readAll(position)).containsExactly(recorded + 1);
        }
    }

    @Test
    void aNewProcessNeverAppendsToASegmentOfADeadOne() throws IOException {
        AuditSpool.open(directory, SMALL).record(Events.numbered(1));
        Path dead = segments().getFirst();
        byte[] intact = Files.readAllBytes(dead);
        Files.write(dead, "{\"id\":\"aud_torn".getBytes(StandardCharsets.UTF_8), StandardOpenOption.APPEND);
        AuditSpool.open(directory, SMALL).record(Events.numbered(2));
        assertThat(segments()).hasSize(2);
        assertThat(Arrays.copyOf(Files.readAllBytes(dead), intact.length)).isEqualTo(intact);

        assertThat(readAll(Position.START)).containsExactly(1L, 2L);
    }

    @Test
    void aLineTornAtEveryByteIsNotReadUntilItIsWhole() throws IOException {
        AuditSpool.open(directory, SMALL).record(Events.numbered(1));
        Path segment = segments().getFirst();
        byte[] line = Files.readAllBytes(segment);
        for (int length = 0; length < line.length; length++) {
            Files.write(segment, Arrays.copyOf(line, length));
            Batch batch = new AuditSpoolReader(directory).poll(Position.START, 10);
            assertThat(batch.events()).isEmpty();
            assertThat(batch.skippedLines()).isZero();
            Files.write(segment, line);
            assertThat(new AuditSpoolReader(directory).poll(batch.next(), 10).events()).hasSize(1);
        }
    }

    @Test
    void linesThatAreNoEventsAreCountedAndSkipped() throws IOException {
        AuditSpool.open(directory, SMALL).record(Events.numbered(1));
        Path segment = segments().getFirst();
        Files.writeString(segment, "\n[]\n{\"id\":7}\nnot json\n{\"id\":\"x\"} {}\n" + "x".repeat(2 << 20) + "\n", StandardOpenOption.APPEND);
        AuditSpool.open(directory, AuditSpool.Limits.DEFAULT).record(Events.numbered(2));

        AuditSpoolReader spoolReader = new AuditSpoolReader(directory);
        int skipped = 0;
        List<Long> read = new ArrayList<>();
        Position position = Position.START;
        for (Batch batch = spoolReader.poll(position, 10); !batch.next().equals(position); batch = spoolReader.poll(position, 10)) {
            batch.events().forEach(event -> read.add(Events.number(event)));
            skipped += batch.skippedLines();
            position = batch.next();
        }
        assertThat(read).containsExactly(1L, 2L);
        assertThat(skipped).isGreaterThanOrEqualTo(6);
    }

    @Test
    void aSpoolThatSomebodyRemovedIsReadFromItsNewBegin() throws IOException {
        AuditSpool.open(directory, SMALL).record(Events.numbered(1));
        assertThat(readAll(new Position(99, 5))).containsExactly(1L);
    }

    @Test
    void aLinkInTheSpoolIsNotFollowed() throws IOException {
        Path elsewhere = Files.writeString(directory.resolve("elsewhere"), "secret\n");
        Files.createSymbolicLink(directory.resolve("audit-1.jsonl"), elsewhere);
        assertThat(new AuditSpoolReader(directory).poll(Position.START, 10)).isEqualTo(new Batch(List.of(), Position.START, 0));
    }

    @Test
    void anInterruptedThreadRecordsAllTheSame() throws IOException {
        try (AuditSpool spool = AuditSpool.open(directory, SMALL)) {
            Thread.currentThread().interrupt();
            spool.record(Events.numbered(1));
            assertThat(Thread.interrupted()).isTrue();
            spool.record(Events.numbered(2));
        }
        assertThat(readAll(Position.START)).containsExactly(1L, 2L);
    }

    @Test
    @Tag("B125") @Tag("B127")
    void everythingThatWasRecordedSurvivesTheKillOfTheProcess() throws Exception {
        Process child = TestJvm.start(Child.class, directory.toString());
        long lastReported = 0;
        try (BufferedReader out = child.inputReader()) {
            while (lastReported < 5_000) lastReported = Long.parseLong(out.readLine());
            child.toHandle().destroyForcibly(); // SIGKILL; what it had printed can still be read
            for (String line = out.readLine(); line != null; line = out.readLine()) lastReported = Long.parseLong(line);
        } finally {
            child.destroyForcibly().waitFor();
        }
        List<Long> read = readAll(Position.START);
        assertThat(read).isEqualTo(numbers(read.size()));
        // The one whose `record` had returned but that was not reported yet may be there too.
        assertThat((long) read.size()).isBetween(lastReported, lastReported + 1);
    }

    @Test
    @Tag("B127")
    void aFullDiskRefusesAndTheSpoolGoesOnWhenThereIsRoom() throws Exception {
        Path small = Files.createDirectory(directory.resolve("small"));
        boolean mounted = run("mount", "-t", "tmpfs", "-o", "size=64k", "declaw-test", small.toString()) == 0;
        assumeThat(mounted).as("needs root to mount a tmpfs").isTrue();
        try (AuditSpool spool = AuditSpool.open(small, AuditSpool.Limits.DEFAULT)) {
            Path ballast = Files.write(small.resolve("ballast"), new byte[32 * 1024]);
            long recorded = recordUntilRefused(spool, 1);
            assertThat(recorded).isGreaterThan(10);
            assertThatExceptionOfType(AuditUnavailableException.class).isThrownBy(() -> spool.record(Events.numbered(0)));
            Files.delete(ballast);
            spool.record(Events.numbered(recorded + 1));
            List<Long> read = new ArrayList<>();
            Position position = Position.START;
            AuditSpoolReader spoolReader = new AuditSpoolReader(small);
            for (Batch batch = spoolReader.poll(position, 500); !batch.events().isEmpty(); batch = spoolReader.poll(position, 500)) {
                assertThat(batch.skippedLines()).isZero();
                batch.events().forEach(event -> read.add(Events.number(event)));
                position = batch.next();
            }
            assertThat(read).isEqualTo(numbers(recorded + 1));
        } finally {
            assertThat(run("umount", "-l", small.toString())).isZero();
        }
    }

    private static long recordUntilRefused(AuditSpool spool, long from) {
        for (long number = from; number < from + 100_000; number++) {
            try {
                spool.record(Events.numbered(number));
            } catch (AuditUnavailableException e) {
                return number - 1;
            }
        }
        throw new AssertionError("the spool was never full");
    }

    private List<Long> readAll(Position from) throws IOException {
        List<Long> read = new ArrayList<>();
        drain(from, read);
        return read;
    }

    private Position drain(Position from, List<Long> into) throws IOException {
        AuditSpoolReader spoolReader = new AuditSpoolReader(directory);
        Position position = from;
        while (true) {
            Batch batch = spoolReader.poll(position, 1000);
            for (AuditEvent event : batch.events()) into.add(Events.number(event));
            if (batch.events().isEmpty() && batch.next().equals(position)) return position;
            position = batch.next();
        }
    }

    private List<Path> segments() throws IOException {
        try (var files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".jsonl")).sorted().toList();
        }
    }

    private long totalBytes() throws IOException {
        long total = 0;
        for (Path segment : segments()) total += Files.size(segment);
        return total;
    }

    private static List<Long> numbers(long last) {
        return LongStream.rangeClosed(1, last).boxed().toList();
    }

    private static int run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        return process.waitFor(10, TimeUnit.SECONDS) ? process.exitValue() : -1;
    }
}
