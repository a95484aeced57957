package dev.declaw.egress.content;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Replacements in one source text, collected from its views; of two that overlap, the first wins. One call, one thread.
final class Rewrites {
    private record Rewrite(int start, int end, String replacement) {}

    private final List<Rewrite> rewrites = new ArrayList<>();

    /// Replaces a stretch of the source.
    void replace(int start, int end, String replacement) {
        rewrites.add(new Rewrite(start, end, replacement));
    }

    /// Replaces in a view what tells it from its cleaned form, which has some characters less and perhaps single spaces in
    /// place of others.
    void difference(View view, String cleaned, Spelling spelling) {
        String text = view.text();
        int kept = 0;
        int from = rewrites.size();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (kept < cleaned.length() && cleaned.charAt(kept) == c) {
                kept++;
            } else if (kept < cleaned.length() && cleaned.charAt(kept) == ' ' && c >= 0x80 && !spaceFollows(text, i)) {
                kept++;
                replace(view.source(i), view.source(i + 1), spelling.spell(" "));
            } else {
                replace(view.source(i), view.source(i + 1), "");
            }
        }
        if (kept == cleaned.length()) return;
        rewrites.subList(from, rewrites.size()).clear();
        replace(view.source(0), view.source(text.length()), spelling.spell(cleaned));
    }

    /// Whether the next ASCII character is a space, which then is the one that was kept.
    private static boolean spaceFollows(String text, int at) {
        int next = at;
        while (next < text.length() && text.charAt(next) >= 0x80) next++;
        return next < text.length() && text.charAt(next) == ' ';
    }

    boolean isEmpty() {
        return rewrites.isEmpty();
    }

    void clear() {
        rewrites.clear();
    }

    /// @param latin1 whether each character of the source stands for one byte
    String apply(String source, boolean latin1) {
        rewrites.sort(Comparator.comparingInt(Rewrite::start));
        StringBuilder out = new StringBuilder(source.length());
        int copied = 0;
        for (Rewrite rewrite : rewrites) {
            if (rewrite.start < copied) continue;
            out.append(source, copied, rewrite.start);
            out.append(latin1 ? View.bytesOf(rewrite.replacement) : rewrite.replacement);
            copied = rewrite.end;
        }
        return out.append(source, copied, source.length()).toString();
    }
}
