package dev.declaw.guardrails.pii;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.declaw.model.scan.CustomType;
import dev.declaw.model.scan.CustomType.Check;
import dev.declaw.model.scan.PersonalDataScanners;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CustomScannerTest {
    private static Scanner scanner(CustomType... types) {
        return new PiiScanners().forTypes(Set.of(PiiType.EMAIL), List.of(types));
    }

    private static List<String> found(Scanner scanner, String text, String key) {
        return scanner.scan(new ScanText(text, key)).stream().map(f -> f.type() + "=" + text.substring(f.start(), f.end())).toList();
    }

    @Test
    void aPatternIsFoundBesideTheBuiltInKinds() {
        Scanner scanner = scanner(CustomType.ofPattern("employee_id", "E-\\d{5}", Check.NONE, List.of(), 0, 0.9));
        assertThat(found(scanner, "E-12345 wrote to a@b.io, not XE-123456", "")).containsExactly("employee_id=E-12345", "email=a@b.io");
        assertThat(found(scanner, "Ｅ-１２３４５", "")).containsExactly("employee_id=Ｅ-１２３４５");
    }

    @Test
    void aCheckAndContextWordsKeepDecoysOut() {
        Scanner scanner = scanner(CustomType.ofPattern("badge", "\\d{6,10}", Check.LUHN, List.of("badge", "id card"), 20, 0.8));
        assertThat(found(scanner, "badge no. 79927398713", "")).isEmpty();
        assertThat(found(scanner, "badge no. 4242424242", "")).containsExactly("badge=4242424242");
        assertThat(found(scanner, "badge no. 4242424243", "")).isEmpty();
        assertThat(found(scanner, "room 4242424242", "")).isEmpty();
        assertThat(found(scanner, "4242424242", "visitorIdCard")).containsExactly("badge=4242424242");
    }

    @Test
    void aDictionaryMatchesWholeWordsInAnyCaseAndTheLongestPhrase() {
        Scanner scanner = scanner(CustomType.ofDictionary("project", List.of("Blue Heron", "Blue Heron Two", "Zürich-9"), List.of(), 0, 1));
        assertThat(found(scanner, "ask about BLUE heron two and blue heronry, or zürich-9.", "")).containsExactly("project=BLUE heron two", "project=zürich-9");
    }

    @Test
    void whatCannotBeJudgedInTimeIsRefused() {
        Scanner scanner = scanner(CustomType.ofPattern("wide", "(a|b|c){50}(x|y){40}", Check.NONE, List.of(), 0, 1));
        assertThatIllegalStateException().isThrownBy(() -> scanner.scan(ScanText.of("ab".repeat(1 << 20)))).withMessageContaining("wide");
        assertThatIllegalArgumentException().isThrownBy(() -> CustomType.ofPattern("big", "(((a{30}){30}){30}", Check.NONE, List.of(), 0, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> CustomType.ofPattern("huge", "[a-z]{900}[0-9]{900}", Check.NONE, List.of(), 0, 1)).withMessageContaining("too large");
        assertThatIllegalArgumentException().isThrownBy(() -> CustomType.ofPattern("email", "x", Check.NONE, List.of(), 0, 1)).withMessageContaining("built-in");
        assertThatIllegalArgumentException().isThrownBy(() -> CustomType.ofPattern("bad", "(?=x)y", Check.NONE, List.of(), 0, 1)).withMessageContaining("RE2");
        assertThatIllegalArgumentException().isThrownBy(() -> CustomType.ofPattern("void", "x*", Check.NONE, List.of(), 0, 1)).withMessageContaining("empty");
        CustomType type = CustomType.ofPattern("twice", "x", Check.NONE, List.of(), 0, 1);
        assertThatIllegalArgumentException().isThrownBy(() -> scanner(type, type)).withMessageContaining("twice");
    }

    @Test
    void theServiceMakesThemToo() {
        Scanner scanner = PersonalDataScanners.installed().forTypes(Set.of(), List.of(CustomType.ofDictionary("codeword", List.of("osprey"), List.of(), 0, 1)));
        assertThat(found(scanner, "the osprey lands", "")).containsExactly("codeword=osprey");
    }
}
