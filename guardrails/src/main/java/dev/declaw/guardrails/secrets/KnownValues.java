package dev.declaw.guardrails.secrets;

import dev.declaw.model.scan.Finding;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Finds a sandbox's own secret values wherever they turn up: plain, base64 at any alignment, base64url, hex in both cases, percent-encoded,
/// JSON-escaped, and split by blanks, quotes, `+`, commas or backslashes. Matching is exact: nothing else is ever touched.
/// Immutable and thread-safe; build one for each set of values and drop it with the sandbox. Its memory holds the values.
public final class KnownValues {
    /// Shorter values occur by chance and are not looked for.
    public static final int VALUE_CHARS_MIN = 6;

    /// Longer values are found by their first characters up to here.
    public static final int VALUE_CHARS_MAX = 4096;

    /// Values beyond this count are refused.
    public static final int VALUES_MAX = 256;

    /// A caller that cuts a text into windows repeats this many characters.
    public static final int WINDOW_OVERLAP_CHARS = 3 * VALUE_CHARS_MAX;

    /// What stands in place of a value.
    public static final String MASK = "***";

    /// The type of every finding.
    public static final String TYPE = "known_secret";

    private static final int PREFIX_CHARS = 8;
    private static final int SPLIT_CHARS_MIN = 10;

    private final char[] classOf = new char[128];
    private final int classes;
    private final int[] next;
    private final List<List<Spellings.Spelling>> ended;
    private final KnownValues squeezed;

    private KnownValues(List<Spellings.Spelling> spellings, KnownValues squeezed) {
        this.squeezed = squeezed;
        int count = 1;
        for (Spellings.Spelling spelling : spellings) {
            for (int i = 0; i < Math.min(PREFIX_CHARS, spelling.text().length()); i++) {
                char c = spelling.text().charAt(i);
                if (c < 128 && classOf[c] == 0) classOf[c] = (char) count++;
            }
        }
        classes = count + 1;
        List<int[]> rows = new ArrayList<>();
        ended = new ArrayList<>();
        rows.add(new int[classes]);
        ended.add(new ArrayList<>());
        for (Spellings.Spelling spelling : spellings) insert(spelling, rows);
        complete(rows);
        next = new int[rows.size() * classes];
        for (int state = 0; state < rows.size(); state++) System.arraycopy(rows.get(state), 0, next, state * classes, classes);
    }

    /// @throws IllegalArgumentException for more than [#VALUES_MAX] values
    public static KnownValues of(Collection<String> values) {
        if (values.size() > VALUES_MAX) throw new IllegalArgumentException("more than " + VALUES_MAX + " known values");
        Map<String, Spellings.Spelling> spellings = new HashMap<>();
        List<Spellings.Spelling> split = new ArrayList<>();
        for (String value : values) {
            if (value.length() < VALUE_CHARS_MIN) continue;
            String bounded = value.substring(0, Math.min(value.length(), VALUE_CHARS_MAX));
            Spellings.of(bounded).forEach(spelling -> spellings.putIfAbsent(spelling.text(), spelling));
            String core = squeeze(bounded, null);
            if (core.length() >= SPLIT_CHARS_MIN) split.add(new Spellings.Spelling(core, 0));
        }
        return new KnownValues(List.copyOf(spellings.values()), split.isEmpty() ? null : new KnownValues(split, null));
    }

    /// The text with each known value, in any spelling, replaced by [#MASK]. The same object where there is none.
    public String mask(String text) {
        List<Finding> findings = find(text);
        if (findings.isEmpty()) return text;
        StringBuilder out = new StringBuilder(text.length());
        int kept = 0;
        for (Finding finding : findings) {
            out.append(text, kept, finding.start()).append(MASK);
            kept = finding.end();
        }
        return out.append(text, kept, text.length()).toString();
    }

    /// Where known values stand, sorted, not overlapping, confidence 1.
    public List<Finding> find(String text) {
        List<int[]> spans = new ArrayList<>();
        search(text, spans);
        if (squeezed != null) {
            int[] origin = new int[text.length()];
            String dense = squeeze(text, origin);
            if (dense.length() < text.length()) {
                List<int[]> split = new ArrayList<>();
                squeezed.search(dense, split);
                for (int[] span : split) spans.add(new int[] {origin[span[0]], origin[span[1] - 1] + 1});
            }
        }
        spans.sort((a, b) -> a[0] != b[0] ? Integer.compare(a[0], b[0]) : Integer.compare(b[1], a[1]));
        List<Finding> findings = new ArrayList<>();
        for (int[] span : spans) {
            if (!findings.isEmpty() && span[0] < findings.getLast().end()) {
                Finding last = findings.removeLast();
                findings.add(new Finding(TYPE, last.start(), Math.max(last.end(), span[1]), 1));
            } else {
                findings.add(new Finding(TYPE, span[0], span[1], 1));
            }
        }
        return findings;
    }

    private void search(String text, List<int[]> spans) {
        char[] chars = text.toCharArray();
        int state = 0;
        for (int i = 0; i < chars.length; i++) {
            char c = chars[i];
            state = next[state * classes + (c < 128 ? classOf[c] : classes - 1)];
            if (ended.get(state).isEmpty()) continue;
            for (Spellings.Spelling spelling : ended.get(state)) {
                int start = i + 1 - Math.min(PREFIX_CHARS, spelling.text().length());
                if (!text.startsWith(spelling.text(), start)) continue;
                int from = start;
                int to = start + spelling.text().length();
                for (int slack = spelling.slack(); slack > 0 && from > 0 && base64(chars[from - 1]); slack--) from--;
                for (int slack = spelling.slack(); slack > 0 && to < chars.length && base64(chars[to]); slack--) to++;
                spans.add(new int[] {from, to});
            }
        }
    }

    private static boolean base64(char c) {
        return Chars.alphanumeric(c) || c == '+' || c == '/' || c == '=';
    }

    /// Without the characters that a program or a line break puts between the pieces of a value.
    private static String squeeze(String text, int[] origin) {
        char[] out = new char[text.length()];
        int count = 0;
        for (int i = 0; i < out.length; i++) {
            char c = text.charAt(i);
            if (c <= ' ' || c == '"' || c == '\'' || c == '`' || c == '+' || c == ',' || c == '\\' || c >= 0x200B && c <= 0x200F || c == 0xFEFF || c == 0x2060) continue;
            if (origin != null) origin[count] = i;
            out[count++] = c;
        }
        return count == out.length ? text : new String(out, 0, count);
    }

    private void insert(Spellings.Spelling spelling, List<int[]> rows) {
        int state = 0;
        for (int i = 0; i < Math.min(PREFIX_CHARS, spelling.text().length()); i++) {
            char c = spelling.text().charAt(i);
            int cls = c < 128 ? classOf[c] : classes - 1;
            if (rows.get(state)[cls] == 0) {
                rows.get(state)[cls] = rows.size();
                rows.add(new int[classes]);
                ended.add(new ArrayList<>());
            }
            state = rows.get(state)[cls];
        }
        ended.get(state).add(spelling);
    }

    private void complete(List<int[]> rows) {
        int[] suffix = new int[rows.size()];
        ArrayDeque<Integer> queue = new ArrayDeque<>();
        Arrays.stream(rows.getFirst()).filter(child -> child != 0).forEach(queue::add);
        while (!queue.isEmpty()) {
            int state = queue.remove();
            int[] row = rows.get(state);
            int[] fallback = rows.get(suffix[state]);
            ended.get(state).addAll(ended.get(suffix[state]));
            for (int cls = 0; cls < classes; cls++) {
                if (row[cls] == 0) {
                    row[cls] = fallback[cls];
                } else {
                    suffix[row[cls]] = fallback[cls];
                    queue.add(row[cls]);
                }
            }
        }
    }
}
