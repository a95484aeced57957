package dev.declaw.egress.content;

/// The part of a streamed text that a stage looks at: a little of what has left already, for its meaning to what follows, and
/// what has not left yet. Text leaves up to places that no finding crosses and where no escape, number or encoded run
/// is cut. One thread at a time.
final class Window {
    /// The longest thing that is found for sure: a whole one stands in some window, wherever it lies.
    static final int OVERLAP_CHARS = 8 * 1024;
    /// Text is looked at when there is this much of it.
    static final int LOOK_CHARS = 64 * 1024;
    private static final int BEHIND_CHARS = 1024;
    private static final int BEHIND_CHARS_MAX = 4 * 1024;
    private static final int FIRST_LINE_CHARS_MAX = 4 * 1024;
    /// Text without any place to cut, such as a file in base64, is kept whole up to here.
    private static final int UNBROKEN_CHARS_MAX = 16 * 1024 * 1024;

    private final StringBuilder text = new StringBuilder();
    /// The text's first line, which may be the head of a table.
    private String firstLine = "";
    private boolean begun;
    private int start;
    private int visible;
    private boolean last;
    private int lookAt = LOOK_CHARS + OVERLAP_CHARS;

    /// More than [#UNBROKEN_CHARS_MAX] of a text that cannot be cut.
    static final class UnbrokenException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        UnbrokenException() {
            super("a text without a place to cut it is too long", null, false, false);
        }
    }

    void add(String more) {
        text.append(more);
    }

    /// Moves on to the next stretch of a fixed size, so that what is looked at together does not depend on how the text came;
    /// false when it is not there yet.
    boolean next(boolean end) {
        int waiting = text.length() - start;
        last = end && waiting <= lookAt;
        visible = last ? text.length() : start + lookAt;
        return last ? waiting > 0 : waiting >= lookAt;
    }

    /// Whether the stretch is the end of the text.
    boolean last() {
        return last;
    }

    /// What has left, as far as it still has a meaning, and the stretch.
    String text() {
        return text.substring(0, visible);
    }

    /// Where in the window begins what has not left yet.
    int start() {
        return start;
    }

    /// Characters that are held.
    int size() {
        return text.length();
    }

    /// The last place, not after `from`, at which the text may be cut; [#start] for none.
    int cutBefore(int from) {
        for (int at = Math.min(from, visible); at > start; at--) {
            if (separates(text.charAt(at - 1)) && (at < 2 || text.charAt(at - 2) != '\\')) return at;
        }
        return start;
    }

    /// Where the text may end that is looked at now: the rest is too near to what is not known yet.
    int settledEnd() {
        return last ? visible : cutBefore(visible - OVERLAP_CHARS);
    }

    /// Characters that are part of no encoded run and of no escape.
    private static boolean separates(char c) {
        return switch (c) {
            case ' ', '\n', '\t', ',', ';', '&', '"', '}', ']', '>', '|' -> true;
            default -> false;
        };
    }

    /// What stands before `cut` has left.
    void left(int cut) {
        if (cut == start) {
            lookAt *= 2;
            if (lookAt > 2 * UNBROKEN_CHARS_MAX) throw new UnbrokenException();
            return;
        }
        lookAt = LOOK_CHARS + OVERLAP_CHARS;
        if (!begun) {
            int line = text.indexOf("\n");
            if (line >= 0 && line < FIRST_LINE_CHARS_MAX && line < cut) firstLine = text.substring(0, line + 1);
            begun = true;
        }
        int behind = Math.max(0, cut - BEHIND_CHARS);
        int earliest = Math.max(0, cut - BEHIND_CHARS_MAX);
        while (behind > earliest && text.charAt(behind - 1) != '\n') behind--;
        String kept = text.substring(behind, cut);
        text.replace(0, cut, firstLine + kept);
        start = firstLine.length() + kept.length();
    }
}
