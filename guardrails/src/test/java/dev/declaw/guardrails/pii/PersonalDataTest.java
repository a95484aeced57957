package dev.declaw.guardrails.pii;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.PersonalDataScanners;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PersonalDataTest {
    private static final Scanner ALL = PersonalDataScanners.installed().forTypes(EnumSet.allOf(PiiType.class));

    private static Scanner finding(Finding... findings) {
        return new Scanner() {
            @Override
            public String name() {
                return "fixed";
            }

            @Override
            public List<Finding> scan(ScanText text) {
                return List.of(findings);
            }
        };
    }

    @Test
    void oneScanFindsNamesAddressesAndStructuredDataInOrder() {
        String text = "Dear Maria Gonzalez, your card 4111 1111 1111 1111 was sent to 12 Baker Street, London NW1 6XE. Questions: maria.gonzalez@example.com";
        List<Finding> findings = ALL.scan(ScanText.of(text));
        assertThat(findings).extracting(f -> f.type() + "=" + text.substring(f.start(), f.end()))
                .containsExactly("person_name=Maria Gonzalez", "credit_card=4111 1111 1111 1111", "address=12 Baker Street, London NW1 6XE", "email=maria.gonzalez@example.com");
    }

    @Test
    void structuredTypesAloneNeedNoModel() {
        assertThat(PersonalDataScanners.installed().forTypes(Set.of(PiiType.SSN))).isInstanceOf(PiiScanner.class);
    }

    @Test
    void whatHasAShapeWinsAndTheRestOfANameStays() {
        String text = "Ada 10.0.0.7 Byron end";
        Scanner both = new PersonalData(finding(new Finding("ip_address", 4, 12, 1)), finding(new Finding("address", 0, 18, 0.8)));
        assertThat(both.scan(ScanText.of(text))).containsExactly(new Finding("address", 0, 3, 0.8), new Finding("ip_address", 4, 12, 1), new Finding("address", 13, 18, 0.8));
    }

    @Test
    void aNameWhollyInsideSurerDataIsDropped() {
        Scanner both = new PersonalData(finding(new Finding("email", 0, 15, 1)), finding(new Finding("person_name", 0, 3, 0.8), new Finding("person_name", 20, 23, 0.8)));
        assertThat(both.scan(ScanText.of("ada@example.com and Bob"))).containsExactly(new Finding("email", 0, 15, 1), new Finding("person_name", 20, 23, 0.8));
    }
}
