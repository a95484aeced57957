package dev.declaw.guardrails.toxicity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.guardrails.encoder.TextEncoder;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ToxicityScannerTest {
    private static final TextEncoder ENCODER = new TextEncoder();
    private static final ToxicityScanner SCANNER = new ToxicityScanner(Optional.of(ENCODER));

    @AfterAll
    static void close() {
        ENCODER.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "You are a worthless idiot and everybody knows it. | insult", "I will find you and break your legs. | threat", "All immigrants are vermin and should be wiped out. | hate",
        "shut up you stupid moron | insult", "I know where you live and I am coming with a knife | threat",
    })
    void abuseIsFlaggedAndNamed(String text, String label) {
        assertThat(SCANNER.judge(text).score()).as(text).isGreaterThanOrEqualTo(0.5);
        assertThat(SCANNER.judge(text).categories()).contains(label);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "This damn printer is broken again.", "fuck yeah, we shipped it!", "kill -9 the child process", "My neighbours are Muslims and we share a garden.", "Saying that Turks are dirt is wrong and hurtful.",
        "Calling gay people names is wrong.", "I hate it when the build is slow.", "He was arrested for death threats.", "The function returns null when the list is empty.", "Thank you for your patience!",
    })
    void swearingAtNobodyIdentityAndCounterSpeechAreNot(String text) {
        assertThat(SCANNER.judge(text).score()).as(text).isLessThan(0.5);
    }

    @Test
    void evidenceNamesThePassage() {
        String filler = "The river floods the lower fields in spring. ".repeat(40);
        String text = filler + "You are a worthless stupid idiot. " + filler;
        assertThat(SCANNER.judge(text).evidence()).anySatisfy(e -> assertThat(text.substring(e.start(), e.end())).contains("worthless"));
    }

    @Test
    void theSameTextGivesTheSameVerdictAndTooLongOnesAreRefused() {
        assertThat(SCANNER.judge("you are an idiot")).isEqualTo(SCANNER.judge("you are an idiot"));
        assertThatThrownBy(() -> SCANNER.judge("a".repeat(ToxicityScanner.TEXT_CHARS_MAX + 1))).isInstanceOf(IllegalArgumentException.class);
    }
}
