package dev.declaw.guardrails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AnchorDfaTest {
    private static List<String> ends(List<String> literals, String triggers, String text) {
        List<String> seen = new ArrayList<>();
        AnchorDfa.of(literals, triggers).run(FoldedText.of(text), (at, c, ended) -> {
            if (triggers.indexOf(c) >= 0) seen.add(at + "!");
            for (int id : ended) seen.add(at + literals.get(id));
        });
        return seen;
    }

    @Test
    void findsOverlappingLiteralsInAnyCase() {
        assertThat(ends(List.of("he", "she", "hers", "his"), "", "uSHErs")).containsExactly("3she", "3he", "5hers");
        assertThat(ends(List.of("a1"), "1@", "x@A1")).containsExactly("1!", "3!", "3a1");
        assertThat(ends(List.of("aa"), "", "aaaéaa")).containsExactly("1aa", "2aa", "5aa");
        assertThatThrownBy(() -> AnchorDfa.of(List.of("A"), "")).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void findsWhatANaiveSearchFinds(long seed) {
        Random random = new Random(seed);
        List<String> literals = new ArrayList<>();
        for (int i = 0; i < 12; i++) literals.add(letters(random, 1 + random.nextInt(4)));
        List<String> distinct = literals.stream().distinct().toList();
        String text = letters(random, 500);
        List<String> naive = new ArrayList<>();
        for (int at = 0; at < text.length(); at++) {
            for (String literal : distinct) {
                if (text.startsWith(literal, at - literal.length() + 1)) naive.add(at + literal);
            }
        }
        assertThat(ends(distinct, "", text)).containsExactlyInAnyOrderElementsOf(naive);
    }

    private static String letters(Random random, int length) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < length; i++) out.append((char) ('a' + random.nextInt(3)));
        return out.toString();
    }

    @Test
    void foldingKeepsTheWayBack() {
        String source = "a\u200b１\uD835\uDFCE‑é\uD83D\uDE00z";
        FoldedText text = FoldedText.of(source);
        assertThat(text.slice(0, text.length())).isEqualTo("a10-é\uD83D\uDE00z");
        assertThat(text.source(1)).isEqualTo(2);
        assertThat(text.source(2)).isEqualTo(3);
        assertThat(text.source(3)).isEqualTo(5);
        assertThat(source.charAt(text.source(7))).isEqualTo('z');
        assertThat(text.source(text.length())).isEqualTo(source.length());
        assertThat(text.at(-1)).isEqualTo((char) 0);
        assertThat(text.at(text.length())).isEqualTo((char) 0);
    }
}
