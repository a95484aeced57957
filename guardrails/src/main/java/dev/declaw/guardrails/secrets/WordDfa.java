package dev.declaw.guardrails.secrets;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Finds words of a fixed list in a short piece of text, in any case: an Aho-Corasick automaton over the characters that the words
/// use. One table load a character, nothing allocated. Immutable.
final class WordDfa {
    private static final int CLASSES = 64;

    private final byte[] classOf = new byte[128];
    private final short[] next;
    private final short[][] ended;
    private final String[] words;

    WordDfa(String... words) {
        this.words = words;
        int classes = 1;
        List<int[]> rows = new ArrayList<>();
        List<List<Integer>> ends = new ArrayList<>();
        rows.add(new int[CLASSES]);
        ends.add(new ArrayList<>());
        for (int id = 0; id < words.length; id++) {
            int state = 0;
            for (char c : words[id].toCharArray()) {
                if (classOf[c] == 0) classOf[c] = (byte) classes++;
                int[] row = rows.get(state);
                if (row[classOf[c]] == 0) {
                    row[classOf[c]] = rows.size();
                    rows.add(new int[CLASSES]);
                    ends.add(new ArrayList<>());
                }
                state = row[classOf[c]];
            }
            ends.get(state).add(id);
        }
        if (classes > CLASSES || rows.size() > Short.MAX_VALUE / CLASSES * CLASSES) throw new IllegalArgumentException("too many words");
        for (char c = 'a'; c <= 'z'; c++) classOf[c - 32] = classOf[c];
        complete(rows, ends);
        next = new short[rows.size() * CLASSES];
        ended = new short[rows.size()][];
        for (int state = 0; state < rows.size(); state++) {
            for (int i = 0; i < CLASSES; i++) next[state * CLASSES + i] = (short) rows.get(state)[i];
            ended[state] = new short[ends.get(state).size()];
            for (int i = 0; i < ended[state].length; i++) ended[state][i] = ends.get(state).get(i).shortValue();
        }
    }

    /// Told of each occurrence; returning true ends the search.
    interface Hit {
        boolean at(int word, int start, int end);
    }

    /// Whether any word occurs.
    boolean any(char[] text, int start, int end) {
        int state = 0;
        for (int i = start; i < end; i++) {
            state = step(state, text[i]);
            if (ended[state].length > 0) return true;
        }
        return false;
    }

    /// Reports occurrences in the order of their ends until a hit says enough.
    boolean find(char[] text, int start, int end, Hit hit) {
        int state = 0;
        for (int i = start; i < end; i++) {
            state = step(state, text[i]);
            for (short word : ended[state]) {
                if (hit.at(word, i + 1 - words[word].length(), i + 1)) return true;
            }
        }
        return false;
    }

    private int step(int state, char c) {
        return next[state * CLASSES + (c < 128 ? classOf[c] : 0)];
    }

    private static void complete(List<int[]> rows, List<List<Integer>> ends) {
        int[] suffix = new int[rows.size()];
        Arrays.fill(suffix, 0);
        ArrayDeque<Integer> queue = new ArrayDeque<>();
        for (int child : rows.getFirst()) if (child != 0) queue.add(child);
        while (!queue.isEmpty()) {
            int state = queue.remove();
            int[] row = rows.get(state);
            int[] fallback = rows.get(suffix[state]);
            ends.get(state).addAll(ends.get(suffix[state]));
            for (int i = 0; i < CLASSES; i++) {
                if (row[i] == 0) {
                    row[i] = fallback[i];
                } else {
                    suffix[row[i]] = fallback[i];
                    queue.add(row[i]);
                }
            }
        }
    }
}
