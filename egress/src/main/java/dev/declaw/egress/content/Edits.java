package dev.declaw.egress.content;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What is to be replaced in one source text, collected from all its views. One call, one thread.
final class Edits {
    /// @param start first character of the source
    /// @param end one past the last
    /// @param type wire name
    /// @param value what the token will stand for
    /// @param quoted whether the token must bring its own quotes (it replaces a bare JSON number)
    private record Edit(int start, int end, String type, String value, boolean quoted) {}

    private final List<Edit> edits = new ArrayList<>();
    private final Map<String, Integer> beyondEdits = new HashMap<>();

    void add(int start, int end, String type, String value, boolean quoted) {
        edits.add(new Edit(start, end, type, value, quoted));
    }

    /// A finding that no replacement can cover, such as one spread over several strings.
    void addUnredactable(String type) {
        beyondEdits.merge(type, 1, Integer::sum);
    }

    boolean isEmpty() {
        return edits.isEmpty() && beyondEdits.isEmpty();
    }

    boolean redactable() {
        return beyondEdits.isEmpty();
    }

    /// Findings by type; views that saw the same one count once. Call after [#settle].
    Map<String, Integer> counts() {
        Map<String, Integer> counts = new HashMap<>(beyondEdits);
        for (Edit edit : edits) counts.merge(edit.type, 1, Integer::sum);
        return counts;
    }

    /// Where the first edit begins that a cut at `end` would divide; negative for none.
    int startOfWhatCrosses(int end) {
        for (Edit edit : edits) {
            if (edit.start < end && edit.end > end) return edit.start;
        }
        return -1;
    }

    /// Leaves the edits of one stretch of the source; of one that begins before it, the part within. Call after [#settle].
    ///
    /// @param json whether a token that replaces a bare number must bring quotes
    void keepWithin(String source, int from, int to, boolean json) {
        List<Edit> kept = new ArrayList<>();
        for (Edit edit : edits) {
            if (edit.end <= from || edit.start >= to) continue;
            int start = Math.max(edit.start, from);
            String value = start == edit.start ? edit.value : source.substring(start, edit.end);
            kept.add(new Edit(start, edit.end, edit.type, value, json && bareNumber(source, start, edit.end)));
        }
        edits.clear();
        edits.addAll(kept);
    }

    private static boolean bareNumber(String source, int start, int end) {
        for (int i = start; i < end; i++) {
            if ("0123456789+-.eE".indexOf(source.charAt(i)) < 0) return false;
        }
        int before = start - 1;
        while (before >= 0 && source.charAt(before) <= ' ') before--;
        int after = end;
        while (after < source.length() && source.charAt(after) <= ' ') after++;
        return (before < 0 || ":,[".indexOf(source.charAt(before)) >= 0)
                && (after == source.length() || ",]}".indexOf(source.charAt(after)) >= 0);
    }

    /// The same for a source that lacks the first characters.
    Edits shifted(int fewer) {
        Edits shifted = new Edits();
        for (Edit edit : edits) shifted.add(edit.start - fewer, edit.end - fewer, edit.type, edit.value, edit.quoted);
        return shifted;
    }

    /// Sorts, and makes one of those that overlap: it covers them all and keeps the type of the longest.
    void settle(String source) {
        if (edits.size() < 2) return;
        edits.sort(Comparator.comparingInt(Edit::start).thenComparing(Comparator.comparingInt(Edit::end).reversed()));
        List<Edit> settled = new ArrayList<>(edits.size());
        Edit open = edits.getFirst();
        for (Edit next : edits.subList(1, edits.size())) {
            if (next.start >= open.end) {
                settled.add(open);
                open = next;
            } else if (next.end > open.end) {
                String type = next.end - next.start > open.end - open.start ? next.type : open.type;
                String value = source.substring(open.start, next.end);
                open = new Edit(open.start, next.end, type, value, open.quoted && next.quoted);
            }
        }
        settled.add(open);
        edits.clear();
        edits.addAll(settled);
    }

    /// The source with each edit replaced by its token.
    ///
    /// @throws TokenVault.VaultFullException when a token cannot be minted
    String apply(String source, TokenVault vault, String host) {
        StringBuilder out = new StringBuilder(source.length() + 16 * edits.size());
        int copied = 0;
        for (Edit edit : edits) {
            String token = vault.tokenFor(edit.type, edit.value, host);
            out.append(source, copied, edit.start);
            if (edit.quoted) out.append('"').append(token).append('"');
            else out.append(token);
            copied = edit.end;
        }
        return out.append(source, copied, source.length()).toString();
    }
}
