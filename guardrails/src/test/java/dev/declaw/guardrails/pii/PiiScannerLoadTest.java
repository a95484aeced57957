package dev.declaw.guardrails.pii;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.ScanText;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// No input may cost more than a constant per character.
class PiiScannerLoadTest {
    private static final int SMALL_CHARS = 128 * 1024;

    private final PiiScanner scanner = new PiiScanner(EnumSet.allOf(PiiType.class));

    @ParameterizedTest
    @ValueSource(strings = {
        "1", "1 ", "1-", "1.", "4111 ", "@", "a@", "a@b.", "a@b.c", ":", "a:", "1:2:", "::", "f", "+1", "+12345678 ", "(",
        "sk-", "sk-1A", "eyJ", "eyJ.", "eyJaaaaaaaaaaaa.", "-----BEGIN PRIVATE KEY-----", "-----END ", "token=", "password: ",
        "://", "://a:", "bearer ", "REDACTED_", "token=a1", "://a:b1@", "=", "key key ", "ssn ", "phone 1", "123-45-", "xoxe.xoxb-", "\u200b", "１",
        "\uD835\uDFCE", "\uD800", "é", "A", "ssn123456789", "a=b&", "hvb."
    })
    void fourTimesTheTextTakesAboutFourTimesTheTime(String unit) {
        String small = unit.repeat(SMALL_CHARS / unit.length());
        String large = unit.repeat(4 * SMALL_CHARS / unit.length());
        scanner.scan(ScanText.of(small));
        long once = best(small);
        long fourTimes = best(large);
        // Quadratic work would take minutes here; the floor takes care of a busy machine.
        assertThat(fourTimes).isLessThan(Math.max(10 * once, 1_000_000_000L));
        assertThat(fourTimes).isLessThan(4_000_000_000L);
    }

    private long best(String text) {
        ScanText scanned = ScanText.of(text);
        long best = Long.MAX_VALUE;
        for (int i = 0; i < 2; i++) {
            long start = System.nanoTime();
            scanner.scan(scanned);
            best = Math.min(best, System.nanoTime() - start);
        }
        return best;
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void randomTextGivesSortedSpansWithinTheText(long seed) {
        Random random = new Random(seed);
        String alphabet = "0123456789-. +()@:/abcdefsknpwe=\"'\\_é１\u200b\uD835\uDFCEAKIAghp";
        for (int round = 0; round < 300; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < 200; i++) text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            List<Finding> findings = scanner.scan(new ScanText(text.toString(), round % 2 == 0 ? "ssn" : "token"));
            int before = 0;
            for (Finding finding : findings) {
                assertThat(finding.start()).isGreaterThanOrEqualTo(before);
                assertThat(finding.end()).isLessThanOrEqualTo(text.length());
                before = finding.end();
            }
        }
    }

    @Test
    void oneScannerServesManyThreads() throws Exception {
        String text = "ssn 123-45-6789, card 4111111111111111, +442079460018";
        List<Finding> expected = scanner.scan(ScanText.of(text));
        try (var threads = java.util.concurrent.Executors.newFixedThreadPool(4)) {
            List<java.util.concurrent.Callable<List<Finding>>> tasks =
                    java.util.Collections.nCopies(200, () -> scanner.scan(ScanText.of(text)));
            for (var result : threads.invokeAll(tasks)) assertThat(result.get()).isEqualTo(expected);
        }
    }
}
