package dev.declaw.guardrails.encoder;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class WordPieceTest {
    private static final WordPiece PIECES = WordPiece.read();

    @Test
    void agreesWithTheReferenceOnEveryRowPiecesAndPlaces() throws IOException {
        for (JsonNode row : Agreement.rows()) {
            String text = row.path("text").textValue();
            Tokens tokens = PIECES.cut(text, Integer.MAX_VALUE);
            assertThat(tokens.ids()).as(text).isEqualTo(ints(row.path("ids")));
            int[] places = new int[tokens.ids().length * 2];
            for (int i = 0; i < tokens.ids().length; i++) {
                places[2 * i] = tokens.starts()[i];
                places[2 * i + 1] = tokens.ends()[i];
            }
            int[] wanted = StreamSupport.stream(row.path("offsets").spliterator(), false).flatMapToInt(pair -> IntStream.of(ints(pair))).toArray();
            assertThat(places).as(text).isEqualTo(wanted);
        }
    }

    @Test
    void textThatSpellsASpecialTokenStaysText() {
        assertThat(PIECES.cut("[SEP] [CLS]", 50).ids()).doesNotContain(WordPiece.SEP, WordPiece.CLS).hasSizeGreaterThan(4);
    }

    @Test
    void piecesBeyondTheLimitAreLeftOut() {
        assertThat(PIECES.cut("one two three four five", 3).ids()).isEqualTo(PIECES.cut("one two three", 9).ids());
        assertThat(PIECES.cut("one", 0).ids()).isEmpty();
    }

    @RepeatedTest(value = 60, name = "seed {currentRepetition}")
    void everyPieceLiesInTheTextAndNoneGoesBack(RepetitionInfo info) {
        Random random = new Random(info.getCurrentRepetition());
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 200; i++) text.append((char) (random.nextInt(3) == 0 ? random.nextInt(0x10000) : 32 + random.nextInt(90)));
        Tokens tokens = PIECES.cut(text.toString(), 1_000);
        int before = 0;
        for (int i = 0; i < tokens.ids().length; i++) {
            assertThat(tokens.starts()[i]).isBetween(before, text.length() - 1);
            assertThat(tokens.ends()[i]).isBetween(tokens.starts()[i] + 1, text.length());
            before = tokens.starts()[i];
        }
    }

    @Test
    void oneWordOfAMegabyteIsUnknownAndTakesLinearTime() {
        Assertions.assertTimeout(Duration.ofSeconds(5), () -> assertThat(PIECES.cut("z".repeat(1_000_000), 500).ids()).containsExactly(100));
    }

    private static int[] ints(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::intValue).toArray();
    }
}
