package dev.declaw.guardrails.pii.names;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NameGateTest {
    private static boolean opens(String text) {
        return NameGate.opens(text, 0, text.length());
    }

    @ParameterizedTest
    @ValueSource(strings = {"I met Ada there", "hi ada", "my name is ada", "ship it to 5 low road", "王小明", "ask ada", "EMMA SMITH"})
    void letsThroughWhatMayNameSomebody(String text) {
        assertThat(opens(text)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "the build took 12 seconds", "{\"id\": 7, \"ok\": true}", "Please see the log.", "If not, run it again.", "x = y + 1; return x", "2026-11-21 10:22:01 ok", "REDACTED_SSN_1 REDACTED_SSN_2", "QUJDREVGR0hJSktMTU5P", "use HTTP now", "well done \uD83D\uDE00"})
    void shutsForPlainText(String text) {
        assertThat(opens(text)).isFalse();
    }

    @Test
    void looksOnlyBetweenItsBounds() {
        String text = "Ada and the rest";
        assertThat(NameGate.opens(text, 3, text.length())).isFalse();
    }

    @Test
    void keysSpeakOfNames() {
        assertThat(NameGate.speaksOfNames("shippingAddress")).isTrue();
        assertThat(NameGate.speaksOfNames("card_holder")).isTrue();
        assertThat(NameGate.speaksOfNames("status")).isFalse();
    }
}
