package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.FoldedText;

/// The nearest context word before the place that a scan has reached; at first what the value's key says.
final class Context {
    /// How far a word reaches, in characters.
    static final int REACH = 40;

    private final FoldedText text;
    private ContextKind kind;
    private int start;
    private int end;

    Context(FoldedText text, ContextKind ofKey) {
        this.text = text;
        this.kind = ofKey;
        this.end = 0;
    }

    /// A context word was read; only a whole word counts, and not the end of a longer one.
    boolean saw(ContextKind seen, int wordStart, int wordEnd) {
        if (wordEnd == end && wordStart > start || !wholeWord(text, wordStart, wordEnd)) return false;
        kind = seen.broad();
        start = wordStart;
        end = wordEnd;
        return true;
    }

    /// What the nearest word within `reach` characters before a position says.
    ContextKind before(int position, int reach) {
        return position - end <= reach ? kind : ContextKind.NONE;
    }

    /// Whether a context word ends exactly here, as in `tel5551234567`.
    boolean touches(int position) {
        return end == position && kind != ContextKind.NONE;
    }

    /// Whether start and end are edges of a word, counting `_`, digits and a change to upper case as edges.
    static boolean wholeWord(FoldedText text, int start, int end) {
        return edge(text, start) && edge(text, end);
    }

    private static boolean edge(FoldedText text, int at) {
        if (!text.letter(at - 1) || !text.letter(at)) return true;
        return Character.isLowerCase(text.at(at - 1)) && Character.isUpperCase(text.at(at));
    }
}
