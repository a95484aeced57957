package dev.declaw.egress.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.audit.AuditChain;
import dev.declaw.model.audit.AuditEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AuditFileTest {
    @TempDir
    Path directory;

    @Test
    void eachLineIsAnEventWithItsPlaceInTheChain() throws IOException {
        Path path = write(3);
        String hash = AuditChain.GENESIS;
        List<String> lines = Files.readAllLines(path);
        assertThat(lines).hasSize(3);
        for (int i = 0; i < 3; i++) {
            JsonNode line = JsonMapper.builder().build().readTree(lines.get(i));
            ObjectNode event = ((ObjectNode) line.deepCopy()).without(List.of("seq", "hash"));
            hash = AuditChain.next(hash, i + 1, event.toString());
            assertThat(line.get("seq").longValue()).isEqualTo(i + 1);
            assertThat(line.get("hash").textValue()).isEqualTo(hash);
            assertThat(Events.number(AuditEvent.fromJson(event))).isEqualTo(i + 1);
        }
    }

    @Test
    void whatMayBeRecordedLaterIsRecordedInOrderWithTheNextOneOrAtAFlushOrAtTheEnd() throws IOException {
        Path path = directory.resolve("audit.jsonl");
        try (AuditFile audit = AuditFile.open(path)) {
            audit.recordLater(Events.numbered(1));
            audit.recordLater(Events.numbered(2));
            assertThat(path).isEmptyFile();
            audit.record(Events.numbered(3));
            assertThat(Files.readAllLines(path)).hasSize(3);
            audit.recordLater(Events.numbered(4));
            audit.flush();
            assertThat(Files.readAllLines(path)).hasSize(4);
            audit.recordLater(Events.numbered(5));
        }
        List<String> lines = Files.readAllLines(path);
        assertThat(lines).hasSize(5);
        for (int i = 0; i < 5; i++) {
            assertThat(lines.get(i)).startsWith("{\"seq\":" + (i + 1) + ",").contains("aud_%024x".formatted(i + 1));
        }
        AuditFile.open(path).close(); // checks the chain
    }

    @Test
    void whatMayBeRecordedLaterIsBounded() throws IOException {
        Path path = directory.resolve("audit.jsonl");
        try (AuditFile audit = AuditFile.open(path)) {
            for (int i = 1; i <= 1000; i++) audit.recordLater(Events.numbered(i));
            assertThat(Files.readAllLines(path)).hasSizeGreaterThan(700);
        }
        assertThat(Files.readAllLines(path)).hasSize(1000);
    }

    @Test
    void aStartContinuesTheChain() throws IOException {
        Path path = write(2);
        byte[] before = Files.readAllBytes(path);
        try (AuditFile audit = AuditFile.open(path)) {
            audit.record(Events.numbered(3));
        }
        assertThat(Arrays.copyOf(Files.readAllBytes(path), before.length)).isEqualTo(before);
        assertThat(Files.readAllLines(path).get(2)).startsWith("{\"seq\":3,");
        AuditFile.open(path).close(); // checks the chain
    }

    @Test
    void aLastLineTornAtEveryByteIsCutOff() throws IOException {
        byte[] two = Files.readAllBytes(write(2));
        int first = Files.readAllLines(directory.resolve("audit.jsonl")).getFirst().length() + 1;
        for (int length = first; length < two.length; length++) {
            Path path = Files.write(directory.resolve("torn"), Arrays.copyOf(two, length));
            try (AuditFile audit = AuditFile.open(path)) {
                audit.record(Events.numbered(2));
            }
            assertThat(Files.readAllBytes(path)).as("%d bytes", length).isEqualTo(two);
        }
    }

    @ParameterizedTest
    @CsvSource({"evil.test, good.test", "'\"seq\":2', '\"seq\":4'", "\"port\":443, \"port\":444", "'{', '['"})
    @Tag("B131")
    void aChangedEventIsNoticed(String from, String to) throws IOException {
        Path path = write(3);
        List<String> lines = Files.readAllLines(path);
        Files.write(path, List.of(lines.get(0), lines.get(1).replace(from, to), lines.get(2)));
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> AuditFile.open(path)).withMessageContaining("changed");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    @Tag("B131")
    void aRemovedEventIsNoticed(int index) throws IOException {
        Path path = write(3);
        List<String> lines = new java.util.ArrayList<>(Files.readAllLines(path));
        lines.remove(index);
        Files.write(path, lines);
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> AuditFile.open(path)).withMessageContaining("changed");
    }

    @Test
    void aFileOfSomethingElseIsNotOverwritten() throws IOException {
        Path path = Files.writeString(directory.resolve("notes"), "buy milk\n");
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> AuditFile.open(path));
        assertThat(path).hasContent("buy milk\n");
    }

    @Test
    void onlyTheEndOfALongFileIsReadAndItIsStillChecked() throws IOException {
        Path path = write(6_000);
        assertThat(Files.size(path)).isGreaterThan(1 << 20);
        try (AuditFile audit = AuditFile.open(path)) {
            audit.record(Events.numbered(6_001));
        }
        AuditFile.open(path).close();
        List<String> lines = Files.readAllLines(path);
        lines.set(5_990, lines.get(5_990).replace("evil", "good"));
        Files.write(path, lines);
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> AuditFile.open(path)).withMessageContaining("5991");
    }

    @Test
    void aFileHasOneWriter() throws IOException {
        Path path = directory.resolve("audit.jsonl");
        try (AuditFile _ = AuditFile.open(path)) {
            assertThatExceptionOfType(IOException.class).isThrownBy(() -> AuditFile.open(path)).withMessageContaining("already");
        }
    }

    private Path write(int events) throws IOException {
        Path path = directory.resolve("audit.jsonl");
        try (AuditFile audit = AuditFile.open(path)) {
            for (int number = 1; number <= events; number++) audit.record(Events.numbered(number));
        }
        return path;
    }
}
