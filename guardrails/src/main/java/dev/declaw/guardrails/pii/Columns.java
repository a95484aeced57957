package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.FoldedText;

/// Tables: a line of names separated by `,`, `;`, tab or `|`, and lines of values below it. A label at the head of a column
/// gives its meaning to the values of the column.
final class Columns {
    private static final int HEADS_MAX = 64;
    private static final int HEAD_CHARS_MAX = 48;
    private static final int HEADER_CHARS_MAX = 4_096;

    private final FoldedText text;
    private final ContextKind[] kinds = new ContextKind[HEADS_MAX];
    private final int[] labelEnd = new int[HEADS_MAX];
    private int count;

    Columns(FoldedText text) {
        this.text = text;
    }

    /// A label was read that has no value of its own.
    void head(ContextKind kind, int end) {
        if (count == HEADS_MAX) return;
        kinds[count] = kind;
        labelEnd[count++] = end;
    }

    /// Whether a value stands in another line than its label, or behind `VALUES (`: then it is the first of a column.
    boolean below(int labelEnd, int value) {
        for (int at = labelEnd; at < value; at++) if (text.at(at) == '\n' || text.at(at) == '(') return true;
        return false;
    }

    /// Reads the tables whose heads were seen.
    void read(Labels labels) {
        int doneUntil = 0;
        for (int i = 0; i < count; i++) {
            if (labelEnd[i] < doneUntil) continue;
            int lineStart = labelEnd[i];
            while (lineStart > 0 && labelEnd[i] - lineStart < HEADER_CHARS_MAX && text.at(lineStart - 1) != '\n') lineStart--;
            int lineEnd = lineEnd(labelEnd[i]);
            doneUntil = values(labels, i, lineStart);
            if (doneUntil < 0) doneUntil = table(labels, i, lineStart, lineEnd);
        }
    }

    /// `INSERT INTO t (a, b) VALUES ('1', '2'), ('3', '4')`; answers where it ends, or -1.
    private int values(Labels labels, int first, int from) {
        int open = labelEnd[first];
        while (open > from && text.at(open) != '(' && text.at(open) != ')') open--;
        if (text.at(open) != '(') return -1;
        int close = labelEnd[first];
        while (close - open < HEADER_CHARS_MAX && close < text.length() && text.at(close) != ')' && text.at(close) != '(') close++;
        if (text.at(close) != ')') return -1;
        int at = blanks(close + 1);
        if (!text.slice(at, Math.min(text.length(), at + 6)).equalsIgnoreCase("values")) return -1;
        ContextKind[] columns = new ContextKind[HEADS_MAX];
        int next = first;
        int column = 0;
        for (int i = open + 1; i <= close && column < HEADS_MAX; i++) {
            if (i < close && text.at(i) != ',') continue;
            while (next < count && labelEnd[next] <= i) columns[column] = kinds[next++];
            column++;
        }
        at = blanks(at + 6);
        while (text.at(at) == '(') {
            at = tuple(labels, columns, at + 1);
            at = blanks(at);
            if (text.at(at) != ',') break;
            at = blanks(at + 1);
        }
        return at;
    }

    /// Reads the cells up to the closing parenthesis; answers what comes after it.
    private int tuple(Labels labels, ContextKind[] columns, int from) {
        boolean quoted = false;
        boolean fresh = true;
        int column = 0;
        int at = from;
        for (; at < text.length() && at - from < HEADER_CHARS_MAX; at++) {
            char c = text.at(at);
            if (c == ')' && !quoted) return at + 1;
            if (c == ',' && !quoted) {
                column++;
                fresh = true;
            } else if (c == '\'') {
                quoted = !quoted;
            } else if (fresh && c != ' ') {
                fresh = false;
                if (column < HEADS_MAX && columns[column] != null) labels.cell(columns[column], at);
            }
        }
        return at;
    }

    private int blanks(int from) {
        int at = from;
        while (at - from < 64 && (text.at(at) == ' ' || text.at(at) == '\n' || text.at(at) == '\r' || text.at(at) == '\t')) at++;
        return at;
    }

    private int table(Labels labels, int first, int lineStart, int lineEnd) {
        char separator = separator(lineStart, lineEnd);
        if (separator == 0) return lineEnd;
        ContextKind[] columns = new ContextKind[HEADS_MAX];
        int column = 0;
        int next = first;
        boolean any = false;
        for (int at = lineStart; at <= lineEnd && column < HEADS_MAX; at++) {
            if (at < lineEnd && text.at(at) != separator) continue;
            while (next < count && labelEnd[next] <= at) {
                columns[column] = kinds[next++];
                any = true;
            }
            column++;
        }
        if (!any || column < 2) return lineEnd;
        int at = lineEnd + 1;
        while (at < text.length()) {
            int end = lineEnd(at);
            int cells = row(labels, columns, separator, at, end);
            if (cells != column) break;
            at = end + 1;
        }
        return Math.max(lineEnd, at - 1);
    }

    /// Reads one line; answers how many cells it has.
    private int row(Labels labels, ContextKind[] columns, char separator, int start, int end) {
        int cells = count(separator, start, end);
        int column = 0;
        int at = start;
        boolean quoted = false;
        boolean fresh = true;
        for (; at < end; at++) {
            char c = text.at(at);
            if (c == '"') quoted = !quoted;
            if (c == separator && !quoted) {
                column++;
                fresh = true;
            } else if (fresh && c != ' ' && c != '"') {
                fresh = false;
                if (column < HEADS_MAX && columns[column] != null) labels.cell(columns[column], at);
            }
        }
        return cells;
    }

    private int count(char separator, int start, int end) {
        int cells = 1;
        boolean quoted = false;
        for (int at = start; at < end; at++) {
            char c = text.at(at);
            if (c == '"') quoted = !quoted;
            if (c == separator && !quoted) cells++;
        }
        return cells;
    }

    /// The separator of a line that is nothing but short names, or 0.
    private char separator(int start, int end) {
        if (end - start > HEADER_CHARS_MAX || end >= text.length()) return 0;
        for (char candidate : new char[] {',', ';', '\t', '|'}) {
            int cells = 1;
            int cell = 0;
            boolean names = true;
            for (int at = start; at < end && names; at++) {
                char c = text.at(at);
                if (c == candidate) {
                    cells++;
                    cell = 0;
                } else {
                    cell++;
                    names = cell <= HEAD_CHARS_MAX && (text.word(at) || " -_.#'\"/()\r".indexOf(c) >= 0);
                }
            }
            if (names && cells >= 2) return candidate;
        }
        return 0;
    }

    private int lineEnd(int from) {
        int at = from;
        while (at < text.length() && text.at(at) != '\n') at++;
        return at;
    }
}
