package dev.declaw.guardrails.invisible;

/// What is true of the line around a mark: which way it runs, how its bidirectional controls pair (UAX #9). The last
/// line asked for is kept, so that a text of one line is read once.
final class Line {
    private final String text;
    private int start = -1;
    private int end = -1;
    private boolean rightToLeft;
    private boolean brailleCells;
    private boolean balanced;
    private boolean overrides;
    private boolean plainIsolates;
    private int marks;

    Line(String text) {
        this.text = text;
    }

    boolean rightToLeft(int at) {
        load(at);
        return rightToLeft;
    }

    int bidiMarks(int at) {
        load(at);
        return marks;
    }

    /// Blank cells belong to a line, or to the picture around it, that also has raised dots.
    boolean braille(int at) {
        load(at);
        return brailleCells || pictureAround();
    }

    /// Embeddings and isolates that close on their line are fine in a line with right-to-left letters; U+2068…U+2069 is what
    /// message formatters put around every argument; phones write numbers between U+202D and U+202C.
    boolean allowsControl(int at) {
        load(at);
        if (!balanced) return false;
        if (rightToLeft && !overrides) return true;
        char c = text.charAt(at);
        return (c == 0x2068 || c == 0x2069) && plainIsolates || numberInOverride(at);
    }

    private boolean numberInOverride(int at) {
        int open = at;
        if (text.charAt(at) == 0x202C) while (open > Math.max(start, at - 40) && text.charAt(open) != 0x202D) open--;
        if (text.charAt(open) != 0x202D) return false;
        for (int i = open + 1; i < Math.min(end, open + 40); i++) {
            char c = text.charAt(i);
            if (c == 0x202C) return i > open + 1;
            if (!(c >= '0' && c <= '9') && " +-().\u00A0\u2011/".indexOf(c) < 0) return false;
        }
        return false;
    }

    private void load(int at) {
        if (at >= start && at < end) return;
        start = at;
        while (start > 0 && !ends(text.charAt(start - 1))) start--;
        end = at;
        while (end < text.length() && !ends(text.charAt(end))) end++;
        rightToLeft = false;
        brailleCells = false;
        overrides = false;
        plainIsolates = true;
        marks = 0;
        balanced = true;
        int embeddings = 0;
        int isolates = 0;
        for (int i = start; i < end; i++) {
            char c = text.charAt(i);
            if (c < 0x590) continue;
            if (c > 0x2800 && c <= 0x28FF) brailleCells = true;
            switch (c) {
                case 0x200E, 0x200F, 0x061C -> marks++;
                case 0x202A, 0x202B, 0x202D, 0x202E -> {
                    embeddings++;
                    plainIsolates = false;
                    overrides |= c >= 0x202D;
                }
                case 0x202C -> balanced &= --embeddings >= 0;
                case 0x2066, 0x2067, 0x2068 -> plainIsolates &= isolates++ == 0 && c == 0x2068;
                case 0x2069 -> balanced &= --isolates >= 0;
                default -> rightToLeft |= strongRight(i, c);
            }
        }
        balanced &= embeddings == 0 && isolates == 0;
        if (end == start) end = start + 1;
    }

    private boolean strongRight(int i, char c) {
        if (rightToLeft || c < 0x590 || c >= 0x900 && c < 0xD800) return false;
        int codePoint = text.codePointAt(i);
        byte way = Character.getDirectionality(codePoint);
        return way == Character.DIRECTIONALITY_RIGHT_TO_LEFT || way == Character.DIRECTIONALITY_RIGHT_TO_LEFT_ARABIC;
    }

    /// Whether the line before or after, up to a picture's width away, has raised dots.
    private boolean pictureAround() {
        int from = Math.max(0, start - 128);
        int to = Math.min(text.length(), end + 128);
        for (int i = from; i < start; i++) if (dots(text.charAt(i))) return true;
        for (int i = end; i < to; i++) if (dots(text.charAt(i))) return true;
        return false;
    }

    private static boolean dots(char c) {
        return c > 0x2800 && c <= 0x28FF;
    }

    private static boolean ends(char c) {
        return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029;
    }
}
