package dev.declaw.guardrails.pii.names;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.guardrails.encoder.TextEncoder;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.ScanText;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NameScannerTest {
    private static final NameScanner BOTH = new NameScanner(NameScanner.RECOGNISED, TextEncoder.shared());

    private static List<String> found(NameScanner scanner, ScanText text) {
        return scanner.scan(text).stream().map(f -> f.type() + "=" + text.text().substring(f.start(), f.end())).toList();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "My name is Maria Gonzalez. | Maria Gonzalez", "Please ask Tomasz Kowalczyk about the invoice. | Tomasz Kowalczyk", "hi priya sharma, thanks for your help | priya sharma",
        "Reviewed-by: Hélène Dubois-Laurent <h.dubois@example.com> | Hélène Dubois-Laurent", "The patient, Dr. Olumide Adeyemi, was seen on Monday. | Olumide Adeyemi",
    })
    void aNameIsFoundWithItsExactBounds(String text, String name) {
        assertThat(found(BOTH, ScanText.of(text))).containsExactly("person_name=" + name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"12 Baker Street, London NW1 6XE", "4500 Oak Hill Avenue\nApt 12\nDenver, CO 80203", "Hauptstraße 17, 10115 Berlin"})
    void anAddressIsFoundAsOne(String address) {
        assertThat(found(BOTH, ScanText.of("Ship it to " + address + ".\n"))).containsExactly("address=" + address);
    }

    @Test
    void theKeyThatAValueStandsUnderCounts() {
        assertThat(found(BOTH, new ScanText("Yusuf Demir", "customerName"))).containsExactly("person_name=Yusuf Demir");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "a", "The build took 12 seconds.", "public static void main(String[] args) {", "GET /api/v1/users/42 HTTP/1.1", "Content-Type: application/json", "Call us on Monday, March 4th.",
        "import java.util.List;", "Error 404: Not Found", "order 18273645 shipped via DHL on 2026-02-14", "Open Settings > Privacy > Location Services.",
    })
    void ordinaryTextNamesNobody(String text) {
        assertThat(BOTH.scan(ScanText.of(text))).isEmpty();
    }

    @Test
    void onlyTheWantedKindsAreReported() {
        ScanText text = ScanText.of("Maria Gonzalez lives at 12 Baker Street, London NW1 6XE.");
        assertThat(found(new NameScanner(Set.of(PiiType.PERSON_NAME, PiiType.SSN), TextEncoder.shared()), text)).containsExactly("person_name=Maria Gonzalez");
        assertThat(found(new NameScanner(Set.of(PiiType.ADDRESS), TextEncoder.shared()), text)).containsExactly("address=12 Baker Street, London NW1 6XE");
        assertThat(new NameScanner(Set.of(PiiType.SSN), TextEncoder.shared()).scan(text)).isEmpty();
    }

    @Test
    void namesAnywhereInALongTextAreFoundOnce() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 40; i++) text.append("The river floods the lower fields in spring. ").append(i % 4 == 1 ? "Please ask Tomasz Kowalczyk about the invoice. " : "");
        List<Finding> findings = BOTH.scan(ScanText.of(text.toString()));
        assertThat(findings).hasSize(10).allSatisfy(f -> assertThat(text.substring(f.start(), f.end())).isEqualTo("Tomasz Kowalczyk"));
    }

    @Test
    void theSameTextGivesTheSameFindings() {
        ScanText text = ScanText.of("From: Maria Gonzalez\nTo: Wei Chen\n\nSee you at 12 Baker Street, London NW1 6XE.");
        assertThat(BOTH.scan(text)).isEqualTo(BOTH.scan(text)).isNotEmpty();
    }

    @Test
    void tooMuchTextThatMayHoldNamesIsRefusedBeforeAnyWorkSoThatTheCallerBlocks() {
        assertThatThrownBy(() -> BOTH.scan(ScanText.of("Ada Byron ".repeat(NameScanner.GATED_CHARS_MAX / 10 + 60)))).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("names");
        assertThat(BOTH.scan(ScanText.of("no reason here 123 ".repeat(50_000)))).isEmpty();
    }
}
