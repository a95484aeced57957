package dev.declaw.guardrails.pii.names;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.declaw.guardrails.encoder.PieceTagger.Tagged;
import dev.declaw.guardrails.pii.names.TagPath.Stretch;
import dev.declaw.model.scan.PiiType;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class TagPathTest {
    private static final int NOTHING = 0;
    private static final int PERSON = 1;
    private static final int MORE_PERSON = 2;
    private static final int ADDRESS = 3;
    private static final int MORE_ADDRESS = 4;

    private static Tagged tagged(boolean[] inside, int... likeliest) {
        int[] starts = new int[likeliest.length];
        int[] ends = new int[likeliest.length];
        float[][] logits = new float[likeliest.length][5];
        for (int i = 0; i < likeliest.length; i++) {
            starts[i] = i * 4;
            ends[i] = i * 4 + 3;
            logits[i][likeliest[i]] = 4;
        }
        return new Tagged(starts, ends, inside, logits);
    }

    private static Tagged words(int... likeliest) {
        return tagged(new boolean[likeliest.length], likeliest);
    }

    @Test
    void neighboursWithTheirOwnBeginningStayApart() {
        assertThat(TagPath.stretches(words(NOTHING, PERSON, MORE_PERSON, PERSON, NOTHING)))
                .extracting(Stretch::type, Stretch::start, Stretch::end)
                .containsExactly(
                        tuple(PiiType.PERSON_NAME, 4, 11),
                        tuple(PiiType.PERSON_NAME, 12, 15));
    }

    @Test
    void whatGoesOnWithoutABeginningIsStillOneWhole() {
        assertThat(TagPath.stretches(words(NOTHING, MORE_ADDRESS, MORE_ADDRESS, MORE_ADDRESS)))
                .extracting(Stretch::type, Stretch::end)
                .containsExactly(tuple(PiiType.ADDRESS, 15));
    }

    @Test
    void aWordIsNeverCut() {
        boolean[] inside = {false, true, true, false};
        assertThat(TagPath.stretches(tagged(inside, PERSON, NOTHING, MORE_PERSON, NOTHING))).extracting(Stretch::start, Stretch::end).containsExactly(tuple(0, 11));
    }

    @Test
    void confidenceIsAProbability() {
        assertThat(TagPath.stretches(words(ADDRESS, MORE_ADDRESS))).allSatisfy(stretch -> assertThat(stretch.confidence()).isBetween(0.9, 1.0));
    }

    @Test
    void nothingMakesNothing() {
        assertThat(TagPath.stretches(words())).isEmpty();
        assertThat(TagPath.stretches(words(new int[] {NOTHING, NOTHING}))).isEmpty();
        int[] many = new int[500];
        Arrays.fill(many, NOTHING);
        assertThat(TagPath.stretches(words(many))).isEmpty();
    }
}
