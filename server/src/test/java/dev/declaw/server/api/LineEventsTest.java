package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LineEventsTest {
    private static final String TEXT = "one\n\nzwölf 😀 €\nlast without end";

    private static List<String> events(boolean joined, byte[]... chunks) {
        List<String> data = new ArrayList<>();
        LineEvents events = new LineEvents("stdout", joined, event -> data.add(event.path("data").textValue()));
        for (byte[] chunk : chunks) events.bytes(chunk);
        events.end();
        return data;
    }

    @Test
    void whereverTheBytesAreSplitBothClientsSeeTheSameText() {
        byte[] bytes = TEXT.getBytes(StandardCharsets.UTF_8);
        for (int a = 0; a <= bytes.length; a++) {
            for (int b = a; b <= bytes.length; b++) {
                byte[][] chunks = {
                    Arrays.copyOf(bytes, a), Arrays.copyOfRange(bytes, a, b), Arrays.copyOfRange(bytes, b, bytes.length)
                };
                assertThat(String.join("", events(false, chunks))).isEqualTo(TEXT);
                assertThat(String.join("\n", events(true, chunks))).isEqualTo(TEXT);
            }
        }
    }

    @Test
    void aCutCharacterAtTheEndBecomesOneReplacement() {
        assertThat(events(false, new byte[] {'a', (byte) 0xe2, (byte) 0x82})).isEqualTo(List.of("a", "\ufffd"));
    }

    @Test
    void aPartNeverEndsWithinACharacter() {
        byte[] bytes = ("x" + "😀".repeat(40_000)).getBytes(StandardCharsets.UTF_8);
        for (String part : events(true, bytes)) {
            assertThat(Character.isHighSurrogate(part.charAt(part.length() - 1))).isFalse();
        }
    }
}
