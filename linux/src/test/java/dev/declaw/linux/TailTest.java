package dev.declaw.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TailTest {
    @ParameterizedTest(name = "\"{0}\" in pieces of {1} keeps \"{2}\"")
    @CsvSource({
        "abc, 1, abc",
        "abcdefgh, 1, abcdefgh",
        "abcdefghij, 1, cdefghij",
        "abcdefghij, 3, cdefghij",
        "abcdefghijklmnopqrstuvwxyz, 26, stuvwxyz",
        "abcdefghijklmnopqrstuvwxyz, 7, stuvwxyz",
    })
    void theLastBytesAreKeptWhateverThePieces(String text, int piece, String kept) {
        Tail tail = new Tail(8);
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        for (int from = 0; from < bytes.length; from += piece) {
            byte[] part = Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + piece));
            tail.write(part, part.length);
        }
        assertThat(tail.text()).isEqualTo(kept);
    }

    @ParameterizedTest
    @CsvSource({"'\u001b[2J', .[2J", "'a\r\nb', 'a\nb'", "'x\u0000y', x.y", "'x\ry', x.y"})
    void controlCharactersAreMadeVisible(String text, String shown) {
        Tail tail = new Tail(64);
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        tail.write(bytes, bytes.length);
        assertThat(tail.text()).isEqualTo(shown);
    }
}
