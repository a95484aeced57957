package dev.declaw.server.lifecycle;

import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.PersonalDataScanners;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.util.EnumSet;
import java.util.List;

/// Takes personal data out of text that is about to be recorded: each finding becomes its type in brackets.
final class PersonalData {
    /// Structured kinds only: what is recorded is mostly commands, and names would cost a run of the encoder for each.
    private static final Scanner SCANNER =
            PersonalDataScanners.installed().forTypes(EnumSet.complementOf(EnumSet.of(PiiType.PERSON_NAME, PiiType.ADDRESS)));

    private PersonalData() {}

    static String mask(String text) {
        List<Finding> findings = SCANNER.scan(ScanText.of(text));
        StringBuilder masked = new StringBuilder(text);
        for (Finding finding : findings.reversed()) { // from the end, so that earlier positions stay true
            masked.replace(finding.start(), finding.end(), "[" + finding.type() + "]");
        }
        return masked.toString();
    }
}
