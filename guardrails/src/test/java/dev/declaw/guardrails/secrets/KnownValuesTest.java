package dev.declaw.guardrails.secrets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class KnownValuesTest {
    private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!$%&/\"\\=?+-_.:@ é";

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void everyEncodingAtEveryAlignmentIsMasked(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 40; round++) {
            String secret = secret(random, 12 + random.nextInt(40));
            KnownValues known = KnownValues.of(List.of("another-value-1", secret));
            byte[] bytes = secret.getBytes(StandardCharsets.UTF_8);
            assertMasked(known, "x=" + secret + "&y", secret);
            assertMasked(known, HexFormat.of().formatHex(bytes), HexFormat.of().formatHex(bytes));
            assertMasked(known, HexFormat.of().withUpperCase().formatHex(bytes), HexFormat.of().withUpperCase().formatHex(bytes));
            String percent = URLEncoder.encode(secret, StandardCharsets.UTF_8).replace("+", "%20");
            assertMasked(known, "q=" + percent + ";", percent);
            assertMasked(known, "q=" + URLEncoder.encode(secret, StandardCharsets.UTF_8) + ";", percent);
            for (String before : new String[] {"", "a", "ab", "user:"}) {
                byte[] carrier = (before + secret + "tail").getBytes(StandardCharsets.UTF_8);
                for (String encoded : List.of(
                        Base64.getEncoder().encodeToString(carrier), Base64.getUrlEncoder().withoutPadding().encodeToString(carrier))) {
                    String masked = known.mask("Basic " + encoded);
                    assertThat(masked).contains(KnownValues.MASK);
                    assertThat(masked.length()).isLessThan(("Basic " + encoded).length() - bytes.length + 3);
                }
            }
            int middle = secret.length() / 2;
            if (!Character.isSurrogate(secret.charAt(middle))) {
                assertMasked(known, "\"" + secret.substring(0, middle) + "\" +\n \"" + secret.substring(middle) + "\"", secret.substring(middle));
            }
        }
    }

    @Test
    void jsonEscapesAreMasked() {
        KnownValues known = KnownValues.of(List.of("pa\"ss\\wo/rd\n1"));
        assertThat(known.mask("{\"k\":\"pa\\\"ss\\\\wo/rd\\n1\"}")).isEqualTo("{\"k\":\"***\"}");
        assertThat(known.mask("{\"k\":\"pa\\\"ss\\\\wo\\/rd\\n1\"}")).isEqualTo("{\"k\":\"***\"}");
    }

    @Test
    void textWithoutAKnownValueIsTheSameObject() {
        KnownValues known = KnownValues.of(List.of("s3cr3t-value-42"));
        String text = "s3cr3t-value-43 and other text".repeat(10);
        assertThat(known.mask(text)).isSameAs(text);
        assertThat(KnownValues.of(List.of()).mask(text)).isSameAs(text);
    }

    @Test
    void veryShortValuesAreNotLookedFor() {
        assertThat(KnownValues.of(List.of("on", "true1")).mask("on true1")).isEqualTo("on true1");
    }

    @Test
    void valuesThatShareAPrefixOrContainEachOtherAreAllFound() {
        KnownValues known = KnownValues.of(List.of("prefix-one-a", "prefix-one-b", "one-b-and-more"));
        assertThat(known.mask("prefix-one-b-and-more prefix-one-a")).isEqualTo("*** ***");
    }

    @Test
    void moreValuesThanTheLimitAreRefused() {
        assertThatThrownBy(() -> KnownValues.of(Collections.nCopies(KnownValues.VALUES_MAX + 1, "abcdefgh")))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static void assertMasked(KnownValues known, String text, String gone) {
        assertThat(known.mask(text)).contains(KnownValues.MASK).doesNotContain(gone);
    }

    private static String secret(Random random, int length) {
        StringBuilder out = new StringBuilder("k");
        while (out.length() < length) out.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        return out.append("9z").toString().replace(" ", "_");
    }
}
