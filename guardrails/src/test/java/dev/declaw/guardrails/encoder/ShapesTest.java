package dev.declaw.guardrails.encoder;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class ShapesTest {
    private static final WordPiece PIECES = WordPiece.read();

    @Test
    void agreesWithTheTrainingScriptsOnEveryRow() throws IOException {
        for (JsonNode row : Agreement.rows()) {
            String text = row.path("text").textValue();
            Shapes shapes = Shapes.of(text, PIECES.cut(text, Integer.MAX_VALUE));
            for (int i = 0; i < shapes.shapes().length; i++) {
                assertThat(shapes.shapes()[i]).as("%s, piece %d", text, i).isEqualTo(row.path("shapes").path(i).intValue());
                assertThat(shapes.inside()[i]).as("%s, piece %d", text, i).isEqualTo(row.path("inside").path(i).intValue() == 1);
            }
        }
    }

    @RepeatedTest(value = 30, name = "seed {currentRepetition}")
    void anyTextGetsShapesInRange(RepetitionInfo info) {
        Random random = new Random(info.getCurrentRepetition());
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 300; i++) text.append((char) (random.nextInt(3) == 0 ? random.nextInt(0x10000) : 32 + random.nextInt(90)));
        Tokens tokens = PIECES.cut(text.toString(), 1_000);
        Shapes shapes = Shapes.of(text.toString(), tokens);
        assertThat(shapes.shapes()).hasSameSizeAs(tokens.ids());
        for (int shape : shapes.shapes()) assertThat(shape).isBetween(3, Shapes.COUNT - 1);
    }
}
