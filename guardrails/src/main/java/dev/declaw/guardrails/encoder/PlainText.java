package dev.declaw.guardrails.encoder;

/// A copy of a text, or of something decoded from it, as the models should read it. Immutable.
///
/// @param text what to judge
/// @param source how it came about: `text`, `letters` (spacing or digits-for-letters undone), `base64`, `hex`, `percent`
///     or `hidden` (tag characters)
/// @param origin index in the judged text of each character, or null where text and original are the same
/// @param start where the whole lies in the original
/// @param end where it ends there
public record PlainText(String text, String source, int[] origin, int start, int end) {
    /// Whether someone took pains to keep this from being read.
    public boolean disguised() {
        return !source.equals("text");
    }

    /// The place of a character in the original.
    public int at(int index) {
        if (origin == null) return disguised() ? start : index;
        return index < origin.length ? origin[index] : end;
    }

    /// The place of the end of a stretch in the original.
    public int endAt(int index) {
        if (origin == null) return disguised() ? end : index;
        return index < origin.length ? origin[index] : end;
    }
}
