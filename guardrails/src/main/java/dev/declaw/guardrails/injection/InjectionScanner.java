package dev.declaw.guardrails.injection;

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
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/// Tells how likely a text tries to give an agent orders that it should not take.
///
/// Tier 0 reads everything: disguises come off, the text is cut into windows, and a hashed linear model scores each. Tier
/// 1, the encoder, reads the windows that tier 0 does not clear and those in other than Latin script, the most suspicious first, at most
/// [#ENCODED_WINDOWS_MAX] of them; that bounds the time. The text's score is that of its worst window. Immutable and
/// thread-safe.
public final class InjectionScanner implements Classifier {
    /// Longer texts are refused, so that the caller blocks or splits them.
    public static final int TEXT_CHARS_MAX = 4_194_304;

    /// Windows that the encoder reads of one text; further ones keep their tier-0 score.
    public static final int ENCODED_WINDOWS_MAX = 16;

    private static final String CATEGORY = "prompt_injection";
    private static final double EVIDENCE_SCORE_MIN = 0.3;

    private final HashedLinear linear;
    private final Calibration calibration;
    private final Optional<WindowEncoder> encoder;

    /// @param encoder the second tier; without one, tier 0 decides alone
    public InjectionScanner(Optional<WindowEncoder> encoder) {
        this.encoder = Objects.requireNonNull(encoder);
        this.linear = HashedLinear.read(InjectionScanner.class, "injection-ngrams.bin");
        this.calibration = Calibration.read(InjectionScanner.class, "injection-calibration.txt");
    }

    @Override
    public String name() {
        return "injection";
    }

    /// Judges a text; the request body of an LLM API by who says what in it.
    @Override
    public Verdict judge(String text) {
        requireSize(text);
        Optional<List<LlmBody.Piece>> body = LlmBody.read(text);
        if (body.isEmpty()) return judge(text, Origin.UNKNOWN);
        List<Candidate> candidates = new ArrayList<>();
        for (LlmBody.Piece piece : body.get()) collect(piece.text(), piece.origin(), false, candidates);
        return verdict(candidates);
    }

    /// Judges a text whose author is known.
    public Verdict judge(String text, Origin origin) {
        requireSize(text);
        List<Candidate> candidates = new ArrayList<>();
        collect(text, origin, true, candidates);
        return verdict(candidates);
    }

    private static void requireSize(String text) {
        if (text.length() > TEXT_CHARS_MAX) throw new IllegalArgumentException("text of " + text.length() + " characters is too long to judge");
    }

    private static final class Candidate {
        final String text;
        final String rule;
        final int start;
        final int end;
        final double first;
        final double bonus;
        double score;

        Candidate(String text, String rule, int start, int end, double first, double bonus) {
            this.text = text;
            this.rule = rule;
            this.start = start;
            this.end = end;
            this.first = first;
            this.bonus = bonus;
        }
    }

    private void collect(String text, Origin origin, boolean placed, List<Candidate> out) {
        if (origin == Origin.SYSTEM || origin == Origin.ASSISTANT || text.isBlank()) return;
        List<PlainText> readings = Unmasking.of(text);
        String asRead = readings.getFirst().text();
        for (PlainText plain : readings) {
            // Digits in words are mostly just that ("1st", names of variables): such a reading is judged where it differs, and not held against the text.
            boolean letters = plain.source().equals("letters");
            int marker = RoleMarkers.first(plain.text());
            for (Window window : Window.over(plain.text(), Window.PARAGRAPH)) {
                if (letters && asRead.startsWith(plain.text().substring(window.start(), window.end()), window.start())) continue;
                boolean marked = marker > window.start() && marker <= window.end();
                double bonus = (plain.disguised() && !letters ? calibration.number("bonus.disguised") : 0)
                        + (origin == Origin.TOOL ? calibration.number("bonus.tool") : 0)
                        + (marked ? calibration.number("bonus.marker") : 0);
                double first = linear.logit(plain.text(), window.start(), window.end());
                String rule = (plain.disguised() ? plain.source() : marked ? "role-marker" : "window") + (origin == Origin.UNKNOWN ? "" : "-" + origin.name().toLowerCase(Locale.ROOT));
                int start = placed ? plain.at(window.start()) : 0;
                int end = placed ? Math.max(start, plain.endAt(window.end())) : 0;
                out.add(new Candidate(plain.text().substring(window.start(), window.end()), rule, start, end, first, bonus));
            }
        }
    }

    private Verdict verdict(List<Candidate> candidates) {
        for (Candidate c : candidates) c.score = calibration.score("tier0", c.first + c.bonus);
        if (encoder.isPresent()) encode(candidates, encoder.get());
        double score = 0;
        for (Candidate c : candidates) score = Math.max(score, c.score);
        List<Evidence> evidence = candidates.stream()
                .filter(c -> c.score >= EVIDENCE_SCORE_MIN)
                .sorted(Comparator.comparingDouble((Candidate c) -> -c.score))
                .limit(Verdict.EVIDENCE_MAX)
                .sorted(Comparator.comparingInt((Candidate c) -> c.start))
                .map(c -> new Evidence(CATEGORY, c.rule, c.start, c.end, c.score, ""))
                .toList();
        return new Verdict(score, evidence.isEmpty() ? List.of() : List.of(CATEGORY), evidence);
    }

    private void encode(List<Candidate> candidates, WindowEncoder second) {
        double gate = calibration.number("gate");
        List<Candidate> doubtful = candidates.stream()
                .filter(c -> c.first + c.bonus >= gate || otherScript(c.text))
                .sorted(Comparator.comparingDouble((Candidate c) -> -c.first - c.bonus))
                .limit(ENCODED_WINDOWS_MAX)
                .toList();
        if (doubtful.isEmpty()) return;
        float[][] logits = second.logits(doubtful.stream().map(c -> c.text).toList());
        for (int i = 0; i < logits.length; i++) {
            Candidate c = doubtful.get(i);
            double blend = calibration.number("weight.linear") * c.first + calibration.number("weight.encoder") * logits[i][WindowEncoder.INJECTION];
            c.score = calibration.score("blend", blend + c.bonus);
        }
    }

    /// Whether half of the letters or more are not Latin: tier 0 knows too little of them to clear a text.
    private static boolean otherScript(String text) {
        int letters = 0;
        int others = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
                letters++;
            } else if (c >= 0x80 && Character.isLetter(c)) {
                letters++;
                if (c >= '\u0370') others++;
            }
        }
        return others > 0 && others * 2 >= letters;
    }
}
