package dev.declaw.egress.content;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ScrubTest {
    private static final String SECRET = "sk-live+/\"9~Zz=&42";
    private final Scrub scrub = new Scrub(List.of(SECRET));

    private static List<String> spellings() {
        List<String> all = new ArrayList<>(List.of(SECRET, "sk-live+/\\\"9~Zz=&42", "sk-live+\\/\\\"9~Zz=&42", URLEncoder.encode(SECRET, StandardCharsets.UTF_8)));
        byte[] bytes = SECRET.getBytes(StandardCharsets.UTF_8);
        all.add(HexFormat.of().formatHex(bytes));
        all.add(HexFormat.of().formatHex(bytes).toUpperCase(java.util.Locale.ROOT));
        for (String before : List.of("", "u", "us", "use:")) {
            String text = before + SECRET;
            all.add(Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8)));
            all.add(Base64.getUrlEncoder().withoutPadding().encodeToString((text + "tail").getBytes(StandardCharsets.UTF_8)));
        }
        return all;
    }

    private String masked(byte[] bytes, int size) {
        ResponseFilter filter = scrub.filter();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int at = 0; at < bytes.length; at += size) out.writeBytes(filter.feed(bytes, at, Math.min(size, bytes.length - at)));
        out.writeBytes(filter.finish());
        return out.toString(StandardCharsets.ISO_8859_1);
    }

    @Tag("B117")
    @Test
    @Tag("B117")
    void everyUsualSpellingIsMaskedHoweverItIsCut() {
        for (String spelling : spellings()) {
            byte[] bytes = ("<" + spelling + ">").getBytes(StandardCharsets.UTF_8);
            String whole = masked(bytes, bytes.length);
            assertThat(whole).as(spelling).contains("***").hasSizeLessThan(bytes.length);
            for (int size = 1; size < bytes.length; size++) assertThat(masked(bytes, size)).as(spelling + " by " + size).isEqualTo(whole);
        }
    }

    static LongStream seeds() {
        return LongStream.range(0, 30);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void theSecretNeverComesThroughAndNothingElseIsTouched(long seed) {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder();
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 50; i++) {
            String piece = switch (random.nextInt(4)) {
                case 0 -> SECRET;
                case 1 -> SECRET.substring(0, random.nextInt(SECRET.length()));
                case 2 -> "s".repeat(random.nextInt(9));
                default -> "\u00ff\u0000 text ";
            };
            text.append(piece).append('|');
            expected.append(piece.equals(SECRET) ? "***" : piece).append('|');
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.ISO_8859_1);
        assertThat(masked(bytes, 1 + random.nextInt(60))).isEqualTo(expected.toString());
    }

    @Test
    void noMoreThanTheLongestSpellingIsHeldBack() {
        ResponseFilter filter = scrub.filter();
        byte[] bytes = "abc ".repeat(1000).getBytes(StandardCharsets.UTF_8);
        assertThat(filter.feed(bytes, 0, bytes.length).length).isGreaterThan(bytes.length - scrub.longest());
    }
}
