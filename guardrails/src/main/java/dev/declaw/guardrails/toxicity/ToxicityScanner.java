package dev.declaw.guardrails.toxicity;

import dev.declaw.guardrails.Classifier;
import dev.declaw.guardrails.Verdict;
import dev.declaw.guardrails.Verdict.Evidence;
import dev.declaw.guardrails.encoder.Calibration;
import dev.declaw.guardrails.encoder.HashedLinear;
import dev.declaw.guardrails.encoder.PlainText;
import dev.declaw.guardrails.encoder.Unmasking;
import dev.declaw.guardrails.encoder.Window;
import dev.declaw.guardrails.encoder.WindowEncoder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// Tells how likely a text insults, threatens or degrades somebody. Swearing at nobody does not count, nor does naming a
/// group of people or speaking up for one.
///
/// As for injections, a linear model reads every window and the encoder those that it does not clear, the worst first, at
/// most [#ENCODED_WINDOWS_MAX]. Immutable and thread-safe.
public final class ToxicityScanner implements Classifier {
    /// Longer texts are refused, so that the caller blocks or splits them.
    public static final int TEXT_CHARS_MAX = 4_194_304;

    /// Windows that the encoder reads of one text; further ones keep their tier-0 score.
    public static final int ENCODED_WINDOWS_MAX = 16;

    private static final List<String> LABELS = List.of("insult", "threat", "hate", "harassment", "sexual", "profanity");
    private static final double EVIDENCE_SCORE_MIN = 0.3;
    private static final String UNNAMED = "toxicity";

    private final HashedLinear linear = HashedLinear.read(ToxicityScanner.class, "toxicity-ngrams.bin");
    private final Calibration calibration = Calibration.read(ToxicityScanner.class, "toxicity-calibration.txt");
    private final Optional<WindowEncoder> encoder;

    /// @param encoder the second tier; without one, tier 0 decides alone and names no label
    public ToxicityScanner(Optional<WindowEncoder> encoder) {
        this.encoder = Objects.requireNonNull(encoder);
    }

    @Override
    public String name() {
        return "toxicity";
    }

    @Override
    public Verdict judge(String text) {
        if (text.length() > TEXT_CHARS_MAX) throw new IllegalArgumentException("text of " + text.length() + " characters is too long to judge");
        List<Passage> passages = new ArrayList<>();
        if (!text.isBlank()) {
            for (PlainText plain : Unmasking.of(text)) {
                for (Window window : Window.over(plain.text(), Window.SENTENCE)) passages.add(passage(plain, window));
            }
        }
        if (encoder.isPresent()) encode(passages, encoder.get());
        return verdict(passages);
    }

    private Passage passage(PlainText plain, Window window) {
        double logit = linear.logit(plain.text(), window.start(), window.end());
        int start = plain.at(window.start());
        String stretch = plain.text().substring(window.start(), window.end());
        return new Passage(stretch, start, Math.max(start, plain.endAt(window.end())), logit, calibration.score("tier0", logit));
    }

    private static final class Passage {
        final String text;
        final int start;
        final int end;
        final double first;
        double score;
        List<String> labels = List.of(UNNAMED);

        Passage(String text, int start, int end, double first, double score) {
            this.text = text;
            this.start = start;
            this.end = end;
            this.first = first;
            this.score = score;
        }
    }

    private void encode(List<Passage> passages, WindowEncoder second) {
        double gate = calibration.number("gate");
        List<Passage> doubtful = passages.stream()
                .filter(p -> p.first >= gate)
                .sorted(Comparator.comparingDouble((Passage p) -> -p.first))
                .limit(ENCODED_WINDOWS_MAX)
                .toList();
        if (doubtful.isEmpty()) return;
        float[][] logits = second.logits(doubtful.stream().map(p -> p.text).toList());
        for (int i = 0; i < logits.length; i++) {
            Passage p = doubtful.get(i);
            p.score = calibration.score("blend", calibration.number("weight.linear") * p.first + calibration.number("weight.encoder") * logits[i][WindowEncoder.TOXICITY]);
            p.labels = labels(logits[i]);
        }
    }

    /// The labels that are likelier than not, the likeliest first; the likeliest of all when none is.
    private static List<String> labels(float[] logits) {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < LABELS.size(); i++) order.add(i);
        order.sort(Comparator.comparingDouble(i -> -logits[WindowEncoder.LABELS + i]));
        List<String> named = order.stream().filter(i -> logits[WindowEncoder.LABELS + i] >= 0).map(LABELS::get).toList();
        return named.isEmpty() ? List.of(LABELS.get(order.getFirst())) : named;
    }

    private static Verdict verdict(List<Passage> passages) {
        double score = 0;
        for (Passage p : passages) score = Math.max(score, p.score);
        List<Passage> worst = passages.stream()
                .filter(p -> p.score >= EVIDENCE_SCORE_MIN)
                .sorted(Comparator.comparingDouble((Passage p) -> -p.score))
                .limit(Verdict.EVIDENCE_MAX)
                .toList();
        List<String> categories = worst.stream().flatMap(p -> p.labels.stream()).distinct().toList();
        List<Evidence> evidence = worst.stream()
                .sorted(Comparator.comparingInt((Passage p) -> p.start))
                .map(p -> new Evidence(p.labels.getFirst(), "window", p.start, p.end, p.score, ""))
                .toList();
        return new Verdict(score, categories, evidence);
    }
}
