package dev.declaw.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/// Rows under headings, as wide as their texts.
final class Table {
    private static final int CELL_CHARS_MAX = 60;

    private final List<List<String>> rows = new ArrayList<>();

    Table(String... headings) {
        rows.add(List.of(headings));
    }

    Table row(Object... cells) {
        List<String> row = new ArrayList<>();
        for (Object cell : cells) row.add(cell == null ? "" : printable(cell.toString()));
        rows.add(row);
        return this;
    }

    /// Texts of sandboxes may hold anything: control characters would act on the reader's terminal.
    static String printable(String text) {
        return printable(text, CELL_CHARS_MAX);
    }

    static String printable(String text, int charsMax) {
        String line = text.codePoints()
                .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? ' ' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
        return line.length() > charsMax ? line.substring(0, charsMax - 1) + "…" : line;
    }

    void print(PrintWriter out) {
        int[] widths = new int[rows.get(0).size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) widths[i] = Math.max(widths[i], row.get(i).length());
        }
        for (int r = 0; r < rows.size(); r++) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                String cell = rows.get(r).get(i);
                line.append(cell).append(" ".repeat(i == widths.length - 1 ? 0 : widths[i] - cell.length() + 2));
            }
            out.println(r == 0 ? Style.bold(line.toString()) : line.toString().stripTrailing());
        }
        out.flush();
    }
}
