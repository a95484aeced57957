package dev.declaw.guardrails;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.guardrails.code.CodeSecurity;
import dev.declaw.guardrails.invisible.InvisibleText;
import dev.declaw.guardrails.pii.PiiScanner;
import dev.declaw.guardrails.secrets.SecretScanner;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What must hold for every text: no failure, spans inside the text, the same findings wherever a text stands in a longer one, and
/// time that is linear in its length. Seeds are fixed.
class ScannerFuzzTest {
    /// Starts of what the scanners look for, and what breaks readers.
    private static final List<String> PIECES = List.of(
            "ssn ", "123-45-6789", "4111 1111 1111 1111", "jane@example.com", "+442079460018", "10.1.2.3", "2001:db8::1", "IBAN GB82 WEST 1234 5698 7654 32", "DOB: ", "1952-06-03", "June 3rd, 1952", "Passport no. ",
            "C1234567", "MRN ", "5844457", "driver's license ", "00:1b:44:11:3a:b7", "0x8f5a4415928de753b4fc234cc678a403b11a2933", "name,dob,passport\n", "a,b,c\n", "INSERT INTO t (ssn, dob) VALUES ('", "'), ('",
            "password=", "token: ", "Bearer ", "Authorization: Bearer", "zRw9yrT+TfPC", "-----BEGIN PRIVATE KEY-----", "eyJhbGciOi.", "ghp_", "://u:", "@h", "curl ", " | sh", "rm -rf /", "' or 1=1--", "<script>", "../../", "%27%20", "\\u003c", "&lt;", "c''url", "${IFS}", "Y3VybCBodHRwOi8v",
            "\u200b", "\uFEFF", "\uDB40\uDC41", "\uD83D\uDE00", "\uD800", "\u202E", "é", "１", "مرحبا", "\n", "\r\n", "\t", " ", "\"", "'", "{", "}", "=", ":", ",", "|", "\0", "x", "The ", "of ");

    private final List<Scanner> scanners = List.of(new PiiScanner(PiiScanner.RECOGNISED), new SecretScanner());
    private final List<Classifier> classifiers = List.of(new CodeSecurity(Set.of()), new InvisibleText());

    private static String text(Random random, int pieces) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < pieces; i++) text.append(PIECES.get(random.nextInt(PIECES.size())));
        return text.toString();
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {11, 12, 13})
    void noTextMakesAScannerFailOrPointOutsideIt(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            String text = text(random, 1 + random.nextInt(40));
            String key = random.nextInt(3) == 0 ? PIECES.get(random.nextInt(PIECES.size())) : "";
            for (Scanner scanner : scanners) {
                int before = 0;
                for (Finding finding : scanner.scan(new ScanText(text, key))) {
                    assertThat(finding.start()).as(text).isGreaterThanOrEqualTo(before);
                    assertThat(finding.end()).as(text).isLessThanOrEqualTo(text.length());
                    before = finding.end();
                }
            }
            for (Classifier classifier : classifiers) {
                for (Verdict.Evidence reason : classifier.judge(text).evidence()) assertThat(reason.end()).as(text).isLessThanOrEqualTo(text.length());
            }
        }
    }

    @Test
    void aTextIsReadTheSameWhereverItStandsInALongerOne() {
        String filler = "The quick brown fox jumps over the lazy dog and runs home.\n".repeat(40) + "\n";
        List<String> texts = List.of(
                "My SSN is 219-09-9999.\n",
                "card 4111 1111 1111 1111 exp 10/28\n",
                "Passport no. C464X8157 issued, DOB: 24.09.1992\n",
                "{\"customer\":{\"mrn\":\"E3117933\",\"dob\":\"1952-06-03\"},\"iban\":\"GB82WEST12345698765432\"}\n",
                "name,dob,passport\nAnn,1952-06-03,C1234567\nBob,03.06.1961,D7654321\n",
                "export DB_PASSWORD=D6Q3bLaQSDdD\nredis://:88waPQUmIGL8stFR@db:6379\n",
                "from 2001:db8::8a2e:370:7334 via 00:1b:44:11:3a:b7\n");
        StringBuilder joined = new StringBuilder(filler);
        for (Scanner scanner : scanners) {
            List<String> apart = new ArrayList<>();
            for (String text : texts) apart.addAll(found(scanner, text));
            joined.setLength(0);
            for (String text : texts) joined.append(filler).append(text);
            assertThat(found(scanner, joined.append(filler).toString())).isEqualTo(apart);
        }
    }

    private static List<String> found(Scanner scanner, String text) {
        return scanner.scan(ScanText.of(text)).stream().map(finding -> finding.type() + "=" + text.substring(finding.start(), finding.end())).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"dob ", "passport ", "name,dob\n", "INSERT INTO t (dob) VALUES ('", "(dob", "dob|", "iban GB82", "1A1", "0x", "a1", "mysql -p", "-----BEGIN ", ";a=", "a.b", "sk_a", "c''", "%41", "\\n", "curl \"", "${ifs}", "'a'", "zRw9yrT+TfPC", "n `curl -s "})
    void repetitionStaysLinear(String unit) {
        String text = unit.repeat((1 << 17) / unit.length());
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(30), () -> {
            for (Scanner scanner : scanners) scanner.scan(ScanText.of(text));
            for (Classifier classifier : classifiers) classifier.judge(text);
        });
    }
}
