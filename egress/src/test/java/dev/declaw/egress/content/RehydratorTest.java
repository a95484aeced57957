package dev.declaw.egress.content;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RehydratorTest {
    private static final String HOST = "api.example.test";

    private final TokenVault vault = new TokenVault();

    RehydratorTest() {
        for (int i = 1; i <= 12; i++) vault.tokenFor("ssn", "ssn-value-" + i, HOST);
        vault.tokenFor("email", "a\"b\\<c>\n\u2028&é", HOST);
        vault.tokenFor("credit_card", "elsewhere", "other.example.test");
    }

    private String rehydrate(String text, Carrier carrier, int... cuts) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        Rehydrator rehydrator = new Rehydrator(vault, HOST, carrier);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int at = 0;
        for (int cut : cuts) {
            out.writeBytes(rehydrator.feed(bytes, at, cut - at));
            at = cut;
        }
        out.writeBytes(rehydrator.feed(bytes, at, bytes.length - at));
        out.writeBytes(rehydrator.finish());
        return out.toString(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "x REDACTED_SSN_1 y|x ssn-value-1 y",
        "REDACTED_SSN_12|ssn-value-12",
        "REDACTED_SSN_1REDACTED_SSN_2|ssn-value-1ssn-value-2",
        "REDACTED_SSN_13 REDACTED_SSN_123|REDACTED_SSN_13 REDACTED_SSN_123",
        "REDACTED_SSN_01 REDACTED_SSN_0|REDACTED_SSN_01 REDACTED_SSN_0",
        "REDACTED_CREDIT_CARD_1|REDACTED_CREDIT_CARD_1",
        "RREDACTED_REDACTED_SSN_3.|RREDACTED_ssn-value-3.",
        "REDACTED_SSN_|REDACTED_SSN_",
        "REDACTED_SSN_99999999999|REDACTED_SSN_99999999999",
        "redacted_ssn_1 REDACTED SSN_1|redacted_ssn_1 REDACTED SSN_1",
        "R|R",
    })
    @Tag("B111")
    void replacesLiveTokensAtEverySplit(String text, String expected) {
        assertThat(rehydrate(text, Carrier.TEXT)).isEqualTo(expected);
        for (int a = 0; a <= text.length(); a++) {
            for (int b = a; b <= text.length(); b++) {
                assertThat(rehydrate(text, Carrier.TEXT, a, b)).isEqualTo(expected);
            }
        }
    }

    @Test
    @Tag("B112")
    void escapesForTheCarrier() {
        assertThat(rehydrate("\"REDACTED_EMAIL_1\"", Carrier.JSON)).isEqualTo("\"a\\\"b\\\\<c>\\n\\u2028&é\"");
        assertThat(rehydrate("<p>REDACTED_EMAIL_1", Carrier.MARKUP)).isEqualTo("<p>a&quot;b\\&lt;c&gt;\n\u2028&amp;é");
        assertThat(rehydrate("e=REDACTED_EMAIL_1&", Carrier.FORM)).isEqualTo("e=a%22b%5C%3Cc%3E%0A%E2%80%A8%26%C3%A9&");
        assertThat(rehydrate("REDACTED_SSN_1", Carrier.OPAQUE)).isEqualTo("REDACTED_SSN_1");
    }

    @ParameterizedTest
    @CsvSource({
        "application/json; charset=utf-8,JSON", "application/problem+json,JSON", "text/event-stream,JSON",
        "application/x-ndjson,JSON", "text/javascript,JSON", "text/html,MARKUP", "application/xml,MARKUP",
        "image/svg+xml,MARKUP", "application/x-www-form-urlencoded,FORM", "text/plain,TEXT", "'',TEXT", "image/png,OPAQUE",
        "application/octet-stream,OPAQUE", "text/plain; charset=utf-16,OPAQUE"
    })
    void theMediaTypeTellsTheCarrier(String type, Carrier carrier) {
        assertThat(Carrier.of(type)).isEqualTo(carrier);
    }

    @Test
    void nothingIsHeldBackWithoutAReason() {
        Rehydrator rehydrator = new Rehydrator(vault, HOST, Carrier.JSON);
        byte[] event = "data: {\"t\":\"REDACTED_SSN_1\"}\n\n".getBytes(StandardCharsets.UTF_8);
        assertThat(new String(rehydrator.feed(event, 0, event.length), StandardCharsets.UTF_8))
                .isEqualTo("data: {\"t\":\"ssn-value-1\"}\n\n");
        assertThat(rehydrator.finish()).isEmpty();
    }

    @Test
    @Tag("B109") @Tag("B113")
    void anotherHostGetsNothingAndAClosedVaultForgets() {
        Rehydrator other = new Rehydrator(vault, "evil.example.test", Carrier.TEXT);
        byte[] token = "REDACTED_SSN_1 ".getBytes(StandardCharsets.UTF_8);
        assertThat(other.feed(token, 0, token.length)).isEqualTo(token);
        assertThat(vault.idle("evil.example.test")).isTrue();
        vault.close();
        assertThat(rehydrate("REDACTED_SSN_1 ", Carrier.TEXT)).isEqualTo("REDACTED_SSN_1 ");
    }
}
