package dev.declaw.guardrails.pii.names;

import dev.declaw.guardrails.encoder.PieceTagger.Tag;
import dev.declaw.guardrails.encoder.PieceTagger.Tagged;
import dev.declaw.model.scan.PiiType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The likeliest reading of tagged pieces in which a name or address begins before it goes on and never cuts a word
/// (Viterbi, linear in the pieces). `guardrails/training/names.py` computes the same.
final class TagPath {
    private static final int TAGS = Tag.values().length;

    /// A stretch that the path marks.
    ///
    /// @param start first UTF-16 index in the tagged text
    /// @param end index after the last one
    /// @param confidence mean probability of the tags on the path
    record Stretch(PiiType type, int start, int end, double confidence) {}

    private TagPath() {}

    static List<Stretch> stretches(Tagged tagged) {
        int[] path = path(tagged);
        List<Stretch> out = new ArrayList<>();
        for (int i = 0; i < path.length; i++) {
            PiiType type = begins(path[i]);
            if (type == null) continue;
            int from = i;
            double sum = probability(tagged.logits()[i], path[i]);
            while (i + 1 < path.length && path[i + 1] == path[from] + 1) sum += probability(tagged.logits()[++i], path[i]);
            out.add(new Stretch(type, tagged.starts()[from], tagged.ends()[i], sum / (i - from + 1)));
        }
        return out;
    }

    private static PiiType begins(int tag) {
        if (tag == Tag.PERSON_BEGINS.ordinal()) return PiiType.PERSON_NAME;
        return tag == Tag.ADDRESS_BEGINS.ordinal() ? PiiType.ADDRESS : null;
    }

    private static int[] path(Tagged tagged) {
        int count = tagged.logits().length;
        if (count == 0) return new int[0];
        int[][] from = new int[count][TAGS];
        double[] best = new double[TAGS];
        for (int tag = 0; tag < TAGS; tag++) best[tag] = goesOn(tag) ? Double.NEGATIVE_INFINITY : tagged.logits()[0][tag];
        for (int i = 1; i < count; i++) {
            double[] next = new double[TAGS];
            Arrays.fill(next, Double.NEGATIVE_INFINITY);
            for (int tag = 0; tag < TAGS; tag++) {
                for (int before = 0; before < TAGS; before++) {
                    if (allowed(before, tag, tagged.inside()[i]) && best[before] > next[tag]) {
                        next[tag] = best[before];
                        from[i][tag] = before;
                    }
                }
                next[tag] += tagged.logits()[i][tag];
            }
            best = next;
        }
        int[] path = new int[count];
        for (int tag = 1; tag < TAGS; tag++) if (best[tag] > best[path[count - 1]]) path[count - 1] = tag;
        for (int i = count - 1; i > 0; i--) path[i - 1] = from[i][path[i]];
        return path;
    }

    private static boolean goesOn(int tag) {
        return tag == Tag.PERSON_GOES_ON.ordinal() || tag == Tag.ADDRESS_GOES_ON.ordinal();
    }

    /// Inside a word a tag can only stay what it is.
    private static boolean allowed(int before, int tag, boolean inside) {
        if (goesOn(tag)) return before == tag || before == tag - 1;
        return !inside || tag == Tag.NOTHING.ordinal() && before == Tag.NOTHING.ordinal();
    }

    private static double probability(float[] logits, int tag) {
        double most = Double.NEGATIVE_INFINITY;
        for (float logit : logits) most = Math.max(most, logit);
        double sum = 0;
        for (float logit : logits) sum += Math.exp(logit - most);
        return Math.exp(logits[tag] - most) / sum;
    }
}
