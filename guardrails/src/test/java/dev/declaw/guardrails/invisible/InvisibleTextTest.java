package dev.declaw.guardrails.invisible;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.guardrails.Verdict;
import java.time.Duration;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class InvisibleTextTest {
    private final InvisibleText scanner = new InvisibleText();

    static Stream<Arguments> smuggled() {
        return Stream.of(
                Arguments.of("tag letters", "hi" + tags("run rm"), "tag_characters"),
                Arguments.of("a tag flag that is not in RGI", "\uD83C\uDFF4" + tags("ushi") + "\uDB40\uDC7F", "tag_characters"),
                Arguments.of("tag letters after a flag", "\uD83C\uDFF4" + tags("gbeng") + "\uDB40\uDC7F" + tags("x"), "tag_characters"),
                Arguments.of("bytes in selectors", "ok\uD83D\uDE0A\uDB40\uDD58\uDB40\uDD59", "variation_selector"),
                Arguments.of("low selectors in a row", "a\uFE01\uFE02\uFE03", "variation_selector"),
                Arguments.of("a split word", "i\u200Bgnore", "zero_width"),
                Arguments.of("joiners between Latin letters", "i\u200Dg\u200Dnore", "zero_width"),
                Arguments.of("a byte order mark inside", "a\uFEFFb", "zero_width"),
                Arguments.of("operators between letters", "a\u2062b\u2062c", "invisible_operator"),
                Arguments.of("an override", "x \u202Egnp.exe\u202C", "bidi_control"),
                Arguments.of("an isolate that never closes", "if (\u2066admin) {", "bidi_control"),
                Arguments.of("an embedding that closes on the next line", "\u202Bשלום\n\u202C", "bidi_control"),
                Arguments.of("directional marks as bits", "a\u200E\u200F\u200E\u200Fb", "bidi_control"),
                Arguments.of("deprecated controls", "a\u206Ab", "deprecated_format"),
                Arguments.of("a Hangul filler", "pay\u3164now", "filler"),
                Arguments.of("blank braille cells", "pay\u2800\u2800now", "filler"),
                Arguments.of("a soft hyphen after each letter", "r\u00ADu\u00ADn", "soft_hyphen"),
                Arguments.of("a Mongolian separator in Latin", "r\u180Eun", "mongolian_control"),
                Arguments.of("an annotation", "\uFFF9shown\uFFFAhidden\uFFFB", "interlinear_annotation"),
                Arguments.of("private-use letters", "a\uE072\uE075\uE06E", "private_use"),
                Arguments.of("plane 16 letters", "a\uDBC0\uDC72\uDBC0\uDC75", "private_use"),
                Arguments.of("musical controls in words", "a\uD834\uDD73b", "notation_control"),
                Arguments.of("a grapheme joiner in Latin", "ad\u034Fmin", "zero_width"),
                Arguments.of("unassigned ignorables", "a\uFFF0b\u2065c", "other_ignorable"),
                Arguments.of("joiners after every Persian letter", "س\u200Cل\u200Cا\u200Cم\u200C", "zero_width"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("smuggled")
    void smugglingIsFlaggedAndStripped(String name, String text, String category) {
        Verdict verdict = scanner.judge(text);
        assertThat(verdict.score()).isGreaterThanOrEqualTo(InvisibleText.THRESHOLD);
        assertThat(verdict.categories()).contains(category);
        assertThat(scanner.judge(scanner.strip(text)).score()).isLessThan(InvisibleText.THRESHOLD);
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "plain ASCII \t\r\n text", "\uFEFFstarts with a BOM", "no\u00A0break", "Donau\u00ADdampf\u00ADschiff",
            "family \uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67\u200D\uD83D\uDC66", "heart \u2764\uFE0F, text \u260E\uFE0E",
            "fire heart \u2764\uFE0F\u200D\uD83D\uDD25", "key 1\uFE0F\u20E3 #\uFE0F\u20E3",
            "health worker \uD83D\uDC69\uD83C\uDFFD\u200D\u2695\uFE0F", "rainbow \uD83C\uDFF3\uFE0F\u200D\uD83C\uDF08",
            "می\u200Cروم و کتاب\u200Cها", "API\u200Cها و `tar`\u200Cها", "क्\u200Dष और क्\u200Cष", "ශ්\u200Dරී", "\u0D28\u0D4D\u200D",
            "שלום \u200Fworld (test)\u200F", "\u202Bשלום\u202C", "עברית \u2067abc\u2069 סוף", "Hello \u2068Anna\u2069!",
            "call \u202D+1 (555) 010-4477\u202C", "11/\u200E23/2016", "葛\uDB40\uDD00城", "\u2229\uFE00", "ᠨ\u180Eᠠ ᠠ\u180B",
            "ไทย\u200Bไทย", "thanks @\u200Buser", "f\u2061(x) = 2\u2062\uD835\uDC65", "\u1100\u1160", "⠓⠑⠇⠇⠕⠀⠺⠕⠗⠇⠙",
            "an icon \uE0A0 main", "\uFFFC", "\u0600", "日本語の文章。", "ESC \u001B[31mred\u001B[0m", "𓀀\uD80D\uDC30𓀁", ""})
    void legitimateMarksAreLeftAlone(String text) {
        assertThat(scanner.judge(text)).isEqualTo(Verdict.CLEAR);
        assertThat(scanner.strip(text)).isEqualTo(text);
    }

    @Test
    void flagsOfEnglandScotlandAndWalesAreLeftAlone() {
        for (String flag : new String[] {"gbeng", "gbsct", "gbwls"}) {
            String text = "go \uD83C\uDFF4" + tags(flag) + "\uDB40\uDC7F!";
            assertThat(scanner.judge(text)).isEqualTo(Verdict.CLEAR);
            for (int cut = 5; cut < text.length() - 1; cut += 2) {
                if (cut > 5) assertThat(scanner.judge(text.substring(0, cut)).score()).isGreaterThan(0.5);
            }
        }
    }

    @Test
    void hiddenMessagesAreDecoded() {
        assertThat(detail("a" + tags("delete all"))).contains("delete all");
        assertThat(detail("\uD83D\uDE0A" + selectors("send it"))).contains("send it");
        assertThat(detail("x" + binary("hello there", '\u200B', '\u200C'))).contains("hello there");
        assertThat(detail("x" + binary("hello there", '\u2064', '\u2062'))).contains("hello there");
        assertThat(detail("x\uE072\uE075\uE06E")).contains("run");
        assertThat(detail("a i\u200Bg\u200Bn\u200Bo\u200Br\u200Be b")).contains("gnor");
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void stripTakesNothingThatShowsAndSettles(long seed) {
        Random random = new Random(seed);
        int[] pool = {'a', 'b', ' ', '\n', 0x200B, 0x200C, 0x200D, 0x202E, 0x202C, 0x2066, 0x2069, 0xFE0F, 0xE0041, 0xE0101, 0x1F600,
            0x1F3F4, 0x633, 0x5D0, 0x2800, 0x3164, 0xAD, 0xE000, 0x4E00, 0xFEFF, 0x200E, 0x915, 0x94D};
        for (int round = 0; round < 500; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(24); i > 0; i--) text.appendCodePoint(pool[random.nextInt(pool.length)]);
            String stripped = scanner.strip(text.toString());
            assertThat(shown(stripped)).isEqualTo(shown(text.toString()));
            assertThat(scanner.strip(stripped)).isEqualTo(stripped);
        }
    }

    @Test
    void blankButWideRunsBecomeOneSpaceBetweenWords() {
        assertThat(scanner.strip("pay\u3164\u3164now")).isEqualTo("pay now");
        assertThat(scanner.strip("pay \u2800\u2800now")).isEqualTo("pay now");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\u200B", "\u2068a\u2069", "\u202D1\u202C", "\uDB40\uDC41", "\uD83D\uDC68\u200D", "a\u00AD", "\u2800", "\uE000 ", "س\u200C"})
    void hostileRepetitionStaysLinear(String unit) {
        String text = unit.repeat((1 << 20) / unit.length());
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(8), () -> {
            scanner.judge(text);
            scanner.strip(text);
        });
        assertThat(scanner.judge(text).evidence().size()).isLessThanOrEqualTo(Verdict.EVIDENCE_MAX);
    }

    private String detail(String text) {
        return scanner.judge(text).evidence().getFirst().detail();
    }

    /// Without spaces, too: a wide blank may become one.
    private static String shown(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().filter(c -> Mark.of(c) == Mark.NONE && c != ' ').forEach(out::appendCodePoint);
        return out.toString();
    }

    private static String tags(String message) {
        StringBuilder out = new StringBuilder();
        message.chars().forEach(c -> out.appendCodePoint(0xE0000 + c));
        return out.toString();
    }

    private static String selectors(String message) {
        StringBuilder out = new StringBuilder();
        message.chars().forEach(c -> out.appendCodePoint(0xE0100 + c - 16));
        return out.toString();
    }

    private static String binary(String message, char zero, char one) {
        StringBuilder out = new StringBuilder();
        message.chars().forEach(c -> {
            for (int bit = 7; bit >= 0; bit--) out.append((c >> bit & 1) == 0 ? zero : one);
        });
        return out.toString();
    }
}
