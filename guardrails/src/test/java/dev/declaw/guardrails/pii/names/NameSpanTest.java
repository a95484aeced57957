package dev.declaw.guardrails.pii.names;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.model.scan.PiiType;
import org.junit.jupiter.api.Test;

class NameSpanTest {
    private static String tidy(String text, PiiType type, String marked) {
        int start = text.indexOf(marked);
        NameSpan span = NameSpan.tidy(text, type, start, start + marked.length());
        return span == null ? null : text.substring(span.start(), span.end());
    }

    @Test
    void signsAtTheEndsFallAway() {
        assertThat(tidy("to: \"Ada Byron\",", PiiType.PERSON_NAME, "\"Ada Byron\",")).isEqualTo("Ada Byron");
        assertThat(tidy("at 5 Low Road, Leeds.", PiiType.ADDRESS, "5 Low Road, Leeds.")).isEqualTo("5 Low Road, Leeds");
    }

    @Test
    void theSecondHalfOfADoubleNameJoins() {
        assertThat(tidy("for Ada Byron-King today", PiiType.PERSON_NAME, "Ada Byron")).isEqualTo("Ada Byron-King");
        assertThat(tidy("Byron-style verse", PiiType.PERSON_NAME, "Byron")).isEqualTo("Byron");
    }

    @Test
    void mailAddressesAndNumbersAreNoNames() {
        assertThat(tidy("ada.byron@example.com", PiiType.PERSON_NAME, "ada")).isNull();
        assertThat(tidy("ada@example.com", PiiType.PERSON_NAME, "ada")).isNull();
        assertThat(tidy("Ada @ work", PiiType.PERSON_NAME, "Ada")).isEqualTo("Ada");
        assertThat(tidy("R2 D2 unit", PiiType.PERSON_NAME, "R2 D2")).isNull();
        assertThat(tidy("the Low Road", PiiType.ADDRESS, "Low Road")).isNull();
        assertThat(tidy("-- ,", PiiType.ADDRESS, "-- ,")).isNull();
    }
}
