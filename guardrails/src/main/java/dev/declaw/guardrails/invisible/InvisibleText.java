package dev.declaw.guardrails.invisible;

import dev.declaw.guardrails.Classifier;
import dev.declaw.guardrails.Verdict;
import dev.declaw.guardrails.Verdict.Evidence;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Recognises characters that show nothing and have no business where they stand, and what they say. ASCII is skipped by
/// blocks; the rest costs one table load a character, and a look at the neighbours for each mark. Thread-safe.
public final class InvisibleText implements Classifier {
    /// A caller that cuts a text into windows repeats this many characters, so that sequences and lines stay whole enough.
    public static final int WINDOW_OVERLAP_CHARS = 512;

    /// From here on a verdict means "hidden text".
    public static final double THRESHOLD = 0.5;

    private static final int BLOCK_CHARS = 2048;
    private static final int GAP_CHARS = 2;
    private static final int STRIP_ROUNDS = 4;

    /// Has nothing to set: the tables are Unicode's.
    public InvisibleText() {}

    @Override
    public String name() {
        return "invisible_text";
    }

    @Override
    public Verdict judge(String text) {
        Runs runs = new Runs(text);
        scan(text, runs);
        runs.close();
        if (runs.evidence.isEmpty()) return Verdict.CLEAR;
        double score = runs.evidence.stream().mapToDouble(Evidence::score).max().orElse(0);
        List<String> categories = runs.strongest.entrySet().stream()
                .sorted(Map.Entry.<String, Double>comparingByValue(Comparator.reverseOrder()))
                .map(Map.Entry::getKey)
                .toList();
        return new Verdict(score, categories, runs.evidence);
    }

    /// The text without its smuggled characters. Every character that shows something stays, in its order; a run that is blank
    /// but wide (fillers, empty braille cells) becomes one space where words would grow together. Legitimate marks stay.
    public String strip(String text) {
        String current = text;
        for (int round = 0; round < STRIP_ROUNDS; round++) {
            Cut cut = new Cut(current);
            scan(current, cut);
            String next = cut.rest();
            if (next.length() == current.length()) return next;
            current = next;
        }
        return current;
    }

    /// Told of each mark without business in its place, in the order of the text.
    private interface Sink {
        void smuggled(Mark mark, int codePoint, int start, int end);
    }

    private static void scan(String text, Sink sink) {
        int length = text.length();
        char[] block = new char[Math.min(BLOCK_CHARS, length)];
        Context context = null;
        for (int from = 0; from < length; from += BLOCK_CHARS) {
            int count = Math.min(BLOCK_CHARS, length - from);
            text.getChars(from, from + count, block, 0);
            int seen = 0;
            for (int i = 0; i < count; i++) seen |= block[i];
            if (seen < 0x80) continue;
            for (int i = 0; i < count; i++) {
                if (!Mark.look(block[i])) continue;
                int at = from + i;
                int codePoint = text.codePointAt(at);
                Mark mark = Mark.of(codePoint);
                if (mark == Mark.NONE) continue;
                if (context == null) context = new Context(text);
                if (!context.allows(mark, codePoint, at)) {
                    sink.smuggled(mark, codePoint, at, at + Character.charCount(codePoint));
                }
            }
        }
    }

    /// Joins neighbouring marks of one category into pieces of evidence and collects what they spell.
    private static final class Runs implements Sink {
        final List<Evidence> evidence = new ArrayList<>();
        final Map<String, Double> strongest = new LinkedHashMap<>();
        private final String text;
        private final HiddenMessage message = new HiddenMessage();
        private Mark mark;
        private int start;
        private int end;
        private int count;

        Runs(String text) {
            this.text = text;
        }

        @Override
        public void smuggled(Mark found, int codePoint, int from, int to) {
            boolean same = mark != null && found.category.equals(mark.category) && from - end <= GAP_CHARS;
            if (!same) {
                close();
                mark = found;
                start = from;
                count = 0;
            }
            if (found.score > mark.score) mark = found;
            end = to;
            count++;
            message.add(found, codePoint);
        }

        void close() {
            if (mark == null) return;
            String hidden = message.read();
            double score = hidden.isEmpty() ? mark.score : 0.99;
            strongest.merge(mark.category, score, Math::max);
            if (evidence.size() < Verdict.EVIDENCE_MAX) {
                String detail = count + (count == 1 ? " character" : " characters");
                if (!hidden.isEmpty()) detail += " that say: " + hidden;
                else if (end - start > count) detail += " within: " + HiddenMessage.visible(text, start, end);
                evidence.add(new Evidence(mark.category, mark.name().toLowerCase(Locale.ROOT), start, end, score, detail));
            }
            message.clear();
            mark = null;
        }
    }

    private static final class Cut implements Sink {
        private final String text;
        private final StringBuilder out;
        private int kept;

        Cut(String text) {
            this.text = text;
            this.out = new StringBuilder(text.length());
        }

        @Override
        public void smuggled(Mark mark, int codePoint, int start, int end) {
            out.append(text, kept, start);
            kept = end;
            boolean wide = codePoint == 0x2800 || codePoint == 0x3164 || codePoint == 0xFFA0;
            if (wide && !out.isEmpty() && !Character.isWhitespace(out.charAt(out.length() - 1))) out.append(' ');
        }

        String rest() {
            return kept == 0 ? text : out.append(text, kept, text.length()).toString();
        }
    }
}
