package dev.declaw.guardrails;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Finds all of a fixed set of ASCII literals in one pass, whatever their case: an Aho-Corasick automaton laid out as a
/// dense table, so that each character costs one load. Immutable.
///
/// The sign of a table entry says that something needs a look.
public final class AnchorDfa {
    private static final int CLASS_BITS_MAX = 7;
    private static final int NONE = -1;
    private static final int ALERT = 1 << 15;

    /// Stretches that are read side by side, and their length in characters.
    private static final int LANES = 4;
    private static final int LANE_CHARS = 512;

    private final int longest;
    /// Columns of the table, as a power of two.
    private final int classBits;
    private final byte[] classOf = new byte[128];
    /// Row of a state, column of a character's class: the next state, and [#ALERT]. Short, to stay in the caches.
    private final short[] table;
    private final int[][] hits;

    private AnchorDfa(List<String> literals, String triggers) {
        int classes = 1;
        for (String literal : literals) {
            for (int i = 0; i < literal.length(); i++) {
                char c = literal.charAt(i);
                if (c >= 128 || Character.isUpperCase(c)) {
                    throw new IllegalArgumentException("anchors are ASCII in lower case: " + literal);
                }
                if (classOf[c] == 0) classOf[c] = (byte) classes++;
            }
        }
        for (int i = 0; i < triggers.length(); i++) {
            if (classOf[triggers.charAt(i)] == 0) classOf[triggers.charAt(i)] = (byte) classes++;
        }
        if (classes > 1 << CLASS_BITS_MAX) throw new IllegalArgumentException("too many distinct characters in anchors");
        classBits = 32 - Integer.numberOfLeadingZeros(classes - 1);
        for (char c = 'a'; c <= 'z'; c++) classOf[c - 32] = classOf[c];

        List<int[]> nodes = new ArrayList<>();
        List<List<Integer>> ends = new ArrayList<>();
        nodes.add(emptyRow(classBits));
        ends.add(new ArrayList<>());
        for (int id = 0; id < literals.size(); id++) {
            int node = 0;
            for (int i = 0; i < literals.get(id).length(); i++) {
                int cls = classOf[literals.get(id).charAt(i)];
                if (nodes.get(node)[cls] == NONE) {
                    nodes.get(node)[cls] = nodes.size();
                    nodes.add(emptyRow(classBits));
                    ends.add(new ArrayList<>());
                }
                node = nodes.get(node)[cls];
            }
            ends.get(node).add(id);
        }
        complete(nodes, ends);
        longest = literals.stream().mapToInt(String::length).max().orElse(1);
        if (nodes.size() >= ALERT) throw new IllegalArgumentException("too many anchors");
        table = new short[nodes.size() << classBits];
        hits = new int[nodes.size()][];
        boolean[] trigger = new boolean[1 << classBits];
        for (int i = 0; i < triggers.length(); i++) trigger[classOf[triggers.charAt(i)]] = true;
        for (int node = 0; node < nodes.size(); node++) {
            hits[node] = ends.get(node).stream().mapToInt(Integer::intValue).toArray();
            for (int cls = 0; cls < 1 << classBits; cls++) {
                int next = nodes.get(node)[cls];
                boolean alert = trigger[cls] || !ends.get(next).isEmpty();
                table[node << classBits | cls] = (short) (next | (alert ? ALERT : 0));
            }
        }
    }

    /// @param literals lower-case ASCII; a literal's id is its index
    /// @param triggers characters that always alert
    public static AnchorDfa of(List<String> literals, String triggers) {
        return new AnchorDfa(literals, triggers);
    }

    /// Told where something needs a look.
    public interface Visitor {
        /// @param at index of the character just read
        /// @param c the character
        /// @param ended ids of the literals that end with it; empty at a trigger. Not to be changed.
        void alert(int at, char c, int[] ended);
    }

    /// Reads a whole text. One table load a character; the visitor is called at the end of each literal and at each
    /// trigger character.
    public void run(FoldedText text, Visitor visitor) {
        run(text.chars(), text.length(), visitor);
    }

    /// Reads the first characters of an array.
    public void run(char[] chars, int length, Visitor visitor) {
        run(chars, 0, length, visitor);
    }

    /// Reads a part of an array; a literal that begins before the part is not seen.
    ///
    /// Each step waits for the one before it, so long texts are read in blocks of four stretches side by side. The state behind some character
    /// depends on no more characters than the longest literal has: each stretch but the first begins so many early.
    public void run(char[] chars, int from, int to, Visitor visitor) {
        int state = 0;
        int at = from;
        if (to - from >= LANES * LANE_CHARS && longest < LANE_CHARS) {
            int[] alerts = new int[LANES * LANE_CHARS];
            while (to - at >= LANES * LANE_CHARS) {
                state = block(chars, at, state, alerts, visitor);
                at += LANES * LANE_CHARS;
            }
        }
        short[] rows = table;
        byte[] classes = classOf;
        int bits = classBits;
        for (; at < to; at++) {
            char c = chars[at];
            int entry = rows[state << bits | (c < 128 ? classes[c] : 0)];
            state = entry & ALERT - 1;
            if (entry < 0) visitor.alert(at, c, hits[state]);
        }
    }

    /// Reads four stretches at once, then tells of the alerts in the order of the text; answers the state behind the last.
    private int block(char[] chars, int from, int before, int[] alerts, Visitor visitor) {
        short[] rows = table;
        byte[] classes = classOf;
        int bits = classBits;
        int a = from;
        int b = a + LANE_CHARS;
        int c = b + LANE_CHARS;
        int d = c + LANE_CHARS;
        int stateA = before;
        int stateB = 0;
        int stateC = 0;
        int stateD = 0;
        for (int i = -longest; i < 0; i++) {
            stateB = rows[stateB << bits | columnOf(classes, chars[b + i])] & ALERT - 1;
            stateC = rows[stateC << bits | columnOf(classes, chars[c + i])] & ALERT - 1;
            stateD = rows[stateD << bits | columnOf(classes, chars[d + i])] & ALERT - 1;
        }
        int countA = 0;
        int countB = LANE_CHARS;
        int countC = 2 * LANE_CHARS;
        int countD = 3 * LANE_CHARS;
        // Every step writes an alert and only a real one keeps it: cheaper than a branch that is hard to foresee.
        for (int i = 0; i < LANE_CHARS; i++) {
            int entryA = rows[stateA << bits | columnOf(classes, chars[a + i])];
            int entryB = rows[stateB << bits | columnOf(classes, chars[b + i])];
            int entryC = rows[stateC << bits | columnOf(classes, chars[c + i])];
            int entryD = rows[stateD << bits | columnOf(classes, chars[d + i])];
            stateA = entryA & ALERT - 1;
            stateB = entryB & ALERT - 1;
            stateC = entryC & ALERT - 1;
            stateD = entryD & ALERT - 1;
            alerts[countA] = i << 16 | stateA;
            alerts[countB] = i << 16 | stateB;
            alerts[countC] = i << 16 | stateC;
            alerts[countD] = i << 16 | stateD;
            countA -= entryA >> 31;
            countB -= entryB >> 31;
            countC -= entryC >> 31;
            countD -= entryD >> 31;
        }
        tell(chars, a, alerts, 0, countA, visitor);
        tell(chars, b, alerts, LANE_CHARS, countB, visitor);
        tell(chars, c, alerts, 2 * LANE_CHARS, countC, visitor);
        tell(chars, d, alerts, 3 * LANE_CHARS, countD, visitor);
        return stateD;
    }

    private void tell(char[] chars, int from, int[] alerts, int first, int end, Visitor visitor) {
        for (int i = first; i < end; i++) {
            int at = from + (alerts[i] >>> 16);
            visitor.alert(at, chars[at], hits[alerts[i] & 0xFFFF]);
        }
    }

    private static int columnOf(byte[] classes, char c) {
        return c < 128 ? classes[c] : 0;
    }

    private static int[] emptyRow(int classBits) {
        int[] row = new int[1 << classBits];
        Arrays.fill(row, NONE);
        return row;
    }

    /// Breadth first: a missing edge takes the edge of the longest proper suffix, whose literals end here too.
    private static void complete(List<int[]> nodes, List<List<Integer>> ends) {
        int[] suffix = new int[nodes.size()];
        ArrayDeque<Integer> queue = new ArrayDeque<>();
        int[] root = nodes.getFirst();
        for (int cls = 0; cls < root.length; cls++) {
            if (root[cls] == NONE) root[cls] = 0;
            else queue.add(root[cls]);
        }
        while (!queue.isEmpty()) {
            int node = queue.remove();
            int[] row = nodes.get(node);
            ends.get(node).addAll(ends.get(suffix[node]));
            for (int cls = 0; cls < row.length; cls++) {
                int viaSuffix = nodes.get(suffix[node])[cls];
                if (row[cls] == NONE) {
                    row[cls] = viaSuffix;
                } else {
                    suffix[row[cls]] = viaSuffix;
                    queue.add(row[cls]);
                }
            }
        }
    }
}
