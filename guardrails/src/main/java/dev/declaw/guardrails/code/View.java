package dev.declaw.guardrails.code;

import dev.declaw.guardrails.FoldedText;
import java.util.Arrays;

/// One reading of a text: as it is (folded), with shell quoting undone, or with URL, HTML and string escapes undone. A reading is the
/// one before it with a few edits; every position leads back to the text.
final class View {
    private static final int ROUNDS = 2;
    private static final int WORD_CHARS = 16;

    private static final byte WORD = 1;
    private static final byte QUOTING = 2;
    private static final byte ESCAPE = 4;
    private static final byte[] KIND = kinds();

    final String name;
    final char[] chars;
    final int length;
    private final View before;
    private final int[] origin;
    /// Where the text goes on after an edit, and how far its positions in the reading before are ahead from there on.
    private int[] edits = new int[16];
    private int[] ahead = new int[16];
    /// Where an edit begins in the reading before.
    private int[] begins = new int[16];
    private int count;

    /// What the search found here: literals and where they end, and where each ended last. Filled by [Search].
    int[] hits = new int[256];
    int hitCount;
    int[] last;
    /// How many rounds of edits lie between this reading and the last that was judged.
    private int rounds;

    private View(String name, char[] chars, int length, View before, int[] origin) {
        this.name = name;
        this.chars = chars;
        this.length = length;
        this.before = before;
        this.origin = origin;
    }

    private static byte[] kinds() {
        byte[] kinds = new byte[128];
        for (char c = '0'; c <= 'z'; c++) if (Character.isLetterOrDigit(c)) kinds[c] = WORD;
        for (char c : "_/-.".toCharArray()) kinds[c] = WORD;
        for (char c : "'\"`\\^$".toCharArray()) kinds[c] |= QUOTING;
        for (char c : "%\\&".toCharArray()) kinds[c] |= ESCAPE;
        return kinds;
    }

    static View raw(String text) {
        FoldedText folded = FoldedText.of(text);
        return new View("raw", folded.chars(), folded.length(), null, folded.origin());
    }

    /// The character in lower case; 0 behind the end.
    char at(int index) {
        return index < length ? lower(chars[index]) : 0;
    }

    static char lower(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
    }

    int source(int at) {
        if (before == null) return origin == null ? at : origin[at];
        int edit = Arrays.binarySearch(edits, 0, count, at);
        if (edit < 0) edit = -edit - 2;
        return before.source(edit < 0 ? at : Math.min(before.length, at + ahead[edit]));
    }

    /// First position at or behind another that differs from the reading before; [Integer#MAX_VALUE] when none does.
    int editFrom(int at) {
        if (rounds != 1) return at;
        int edit = Arrays.binarySearch(edits, 0, count, at);
        if (edit < 0) edit = -edit - 1;
        return edit < count ? edits[edit] : Integer.MAX_VALUE;
    }

    /// The reading that this one was made of by one round of edits; null for the first reading and after more rounds.
    View judgedBefore() {
        return rounds == 1 ? before : null;
    }

    int edits() {
        return count;
    }

    /// Where the text goes on after an edit.
    int edit(int number) {
        return edits[number];
    }

    /// Whether a character stands in place of what the edit took out.
    boolean replaced(int number) {
        return edits[number] - 1 + (number == 0 ? 0 : ahead[number - 1]) == begins[number];
    }

    /// Where a stretch of the reading before has come to, or -1 when an edit fell into it.
    int moved(int start, int end) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (edits[middle] + ahead[middle] <= start) low = middle + 1;
            else high = middle;
        }
        if (low < count && begins[low] < end) return -1;
        return low == 0 ? start : start - ahead[low - 1];
    }

    /// Makes the next reading piece by piece.
    private final class Editor {
        private final char[] out = new char[length];
        private int written;
        private int copied;
        private int[] at = new int[16];
        private int[] gaps = new int[16];
        private int[] starts = new int[16];
        private int edits;

        /// Leaves out what stands from start to end and writes a character instead, or none for 0.
        void replace(int start, int end, char by) {
            System.arraycopy(chars, copied, out, written, start - copied);
            written += start - copied;
            if (by != 0) out[written++] = by;
            copied = end;
            if (edits == at.length) {
                at = Arrays.copyOf(at, 2 * edits);
                gaps = Arrays.copyOf(gaps, 2 * edits);
                starts = Arrays.copyOf(starts, 2 * edits);
            }
            at[edits] = written;
            starts[edits] = start;
            gaps[edits++] = end - written;
        }

        View done(String name) {
            System.arraycopy(chars, copied, out, written, length - copied);
            View view = new View(name, out, written + length - copied, View.this, null);
            view.edits = at;
            view.ahead = gaps;
            view.begins = starts;
            view.count = edits;
            view.rounds = 1;
            return view;
        }
    }

    /// Quotes, backslashes, carets and empty expansions inside words taken out, `$IFS` read as the shell reads it; the same view where
    /// nothing changes.
    View shell() {
        Editor editor = null;
        char[] text = chars;
        byte[] kinds = KIND;
        for (int i = 0; i < length; i++) {
            char c = text[i];
            if (c >= 128 || (kinds[c] & QUOTING) == 0) continue;
            int skip = hidden(c, i);
            char by = 0;
            if (skip == 0 && c == '$' && (starts("$ifs", i) || starts("${ifs", i))) {
                by = ' ';
                skip = text[i + 1] == '{' ? closing(i) + 1 : 4;
                if (at(i + skip) == '$' && at(i + skip + 1) == '9') skip += 2;
                skip = Math.min(skip, length - i);
            }
            if (skip == 0) continue;
            if (editor == null) editor = new Editor();
            editor.replace(i, i + skip, by);
            i += skip - 1;
        }
        return editor == null ? this : editor.done("shell");
    }

    private boolean starts(String word, int from) {
        for (int i = 0; i < word.length(); i++) if (at(from + i) != word.charAt(i)) return false;
        return true;
    }

    /// How many characters here vanish inside a word.
    private int hidden(char c, int i) {
        boolean inWord = i > 0 && word(chars[i - 1]) || i == 0;
        int next = i + 1;
        if (next >= length) return 0;
        char after = at(next);
        if (c == '\\' && after == '\n') return 2;
        if ((c == '\\' || c == '^') && word(after) && !(c == '\\' && after == 'n' && !inWord)) return inWord || c == '^' ? 1 : 0;
        if ((c == '\'' || c == '"' || c == '`') && inWord && i > 0) {
            if (after == c) return 2;
            return word(after) && near(c, next) ? 1 : 0;
        }
        if ((c == '\'' || c == '"') && i > 1 && chars[i - 1] != ' ' && word(after) && i + 2 < length && chars[i + 2] == c) return 1;
        if (c == '$' && inWord && (after == '@' || after == '*' || after == '1') && next + 1 < length && word(chars[next + 1])) return 2;
        return 0;
    }

    /// Whether the quote has its twin in the same word: `b"as"h`, not `don't`.
    private boolean near(char quote, int from) {
        int back = from - 2;
        for (int i = from; i < Math.min(length, from + WORD_CHARS); i++) {
            char c = chars[i];
            if (c == quote) return true;
            if (!word(c)) break;
        }
        for (int i = back; i >= Math.max(0, from - WORD_CHARS); i--) {
            char c = chars[i];
            if (c == quote) return i > 0 && word(chars[i - 1]);
            if (!word(c)) return false;
        }
        return false;
    }

    private int closing(int from) {
        for (int i = from; i < Math.min(length, from + 16); i++) if (chars[i] == '}') return i - from;
        return 4;
    }

    private static boolean word(char c) {
        return c < 128 && (KIND[c] & WORD) != 0;
    }

    /// `%41`, `+`, `&lt;`, `&#x41;`, `\x41`, `\u0041`, `%u0041` undone, at most twice; the same view where nothing changes.
    View web() {
        View current = this;
        for (int round = 0; round < ROUNDS; round++) {
            View next = current.webOnce();
            if (next == current) break;
            next.rounds = round + 1;
            current = next;
        }
        return current;
    }

    private View webOnce() {
        Editor editor = null;
        boolean form = false;
        char[] text = chars;
        byte[] kinds = KIND;
        for (int i = 0; i < length; i++) {
            char c = text[i];
            if (c >= 128 || (kinds[c] & ESCAPE) == 0 && !(form && c == '+')) continue;
            if (c == '+') {
                editor.replace(i, i + 1, ' ');
                continue;
            }
            long decoded = Escapes.at(text, length, i);
            if (decoded == 0) continue;
            if (editor == null) {
                editor = new Editor();
                form = formEncoded();
                if (form) for (int k = 0; k < i; k++) if (text[k] == '+') editor.replace(k, k + 1, ' ');
            }
            int end = i + (int) (decoded >>> 16);
            editor.replace(i, end, FoldedText.folded((char) (decoded & 0xFFFF)));
            i = end - 1;
        }
        return editor == null ? this : editor.done("web");
    }

    /// Percent escapes and no space: `+` is a space.
    private boolean formEncoded() {
        boolean percent = false;
        for (int i = 0; i < length; i++) {
            if (chars[i] == ' ') return false;
            percent |= chars[i] == '%';
        }
        return percent;
    }
}
