package dev.declaw.guardrails.pii.names;

import dev.declaw.guardrails.encoder.PieceTagger;
import dev.declaw.guardrails.encoder.PieceTagger.Tagged;
import dev.declaw.guardrails.encoder.Window;
import dev.declaw.guardrails.pii.names.TagPath.Stretch;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/// Finds names of people and postal addresses. The text is cut into windows; those in which a cheap look sees a reason go
/// through the encoder, and the likeliest reading of its tags makes the findings. Immutable and thread-safe.
///
/// The time is bounded by [#GATED_CHARS_MAX]: about 8 ms of one core for each 440 characters that the look lets through.
public final class NameScanner implements Scanner {
    /// The kinds that it can recognise.
    public static final Set<PiiType> RECOGNISED = Set.of(PiiType.PERSON_NAME, PiiType.ADDRESS);

    /// Characters that go through the encoder in one scan; a text with more is refused, so that the caller blocks it.
    public static final int GATED_CHARS_MAX = 262_144;

    /// Least mean probability of a finding's tags. Chosen on text that trained nothing: below it, code and manuals lose
    /// more than names gain.
    static final double CONFIDENCE_MIN = 0.6;

    /// Addresses are long, so one doubtful piece weighs less.
    private static final double ADDRESS_CONFIDENCE_MIN = 0.5;

    private static final int KEY_CHARS_MAX = 40;
    /// A model is never quite sure.
    private static final double CONFIDENCE_MAX = 0.99;

    private final Set<PiiType> types;
    private final PieceTagger tagger;

    /// @param types the kinds to look for; others than [#RECOGNISED] are left out
    public NameScanner(Set<PiiType> types, PieceTagger tagger) {
        Set<PiiType> wanted = EnumSet.noneOf(PiiType.class);
        wanted.addAll(types);
        wanted.retainAll(RECOGNISED);
        this.types = wanted;
        this.tagger = Objects.requireNonNull(tagger);
    }

    @Override
    public String name() {
        return "pii.names";
    }

    /// @throws IllegalArgumentException when more than [#GATED_CHARS_MAX] characters need the encoder
    @Override
    public List<Finding> scan(ScanText source) {
        String text = source.text();
        if (types.isEmpty() || text.length() < 2) return List.of();
        boolean named = NameGate.speaksOfNames(source.key());
        List<Part> parts = parts(text, named, prefix(source.key()));
        List<Finding> out = new ArrayList<>();
        for (int from = 0; from < parts.size(); from += PieceTagger.BATCH_MAX) {
            List<Part> batch = parts.subList(from, Math.min(parts.size(), from + PieceTagger.BATCH_MAX));
            List<Tagged> tagged = tagger.tags(batch.stream().map(part -> part.prefix + text.substring(part.window.start(), part.window.end())).toList());
            for (int i = 0; i < batch.size(); i++) collect(text, batch.get(i), tagged.get(i), out);
        }
        return List.copyOf(out);
    }

    /// A window that goes through the encoder.
    ///
    /// @param prefix what is set before it: the key that the text stands under
    /// @param from findings that start before here belong to the window before
    /// @param to findings that start here or later belong to the next window
    private record Part(Window window, String prefix, int from, int to) {}

    private static List<Part> parts(String text, boolean named, String prefix) {
        List<Window> windows = Window.over(text, Window.PARAGRAPH);
        List<Part> parts = new ArrayList<>();
        int chars = 0;
        for (int i = 0; i < windows.size(); i++) {
            Window window = windows.get(i);
            if (!named && !NameGate.opens(text, window.start(), window.end())) continue;
            chars += window.end() - window.start();
            if (chars > GATED_CHARS_MAX) throw new IllegalArgumentException("more than " + GATED_CHARS_MAX + " characters may hold names");
            int from = i == 0 ? 0 : middle(windows.get(i - 1), window);
            int to = i + 1 == windows.size() ? text.length() : middle(window, windows.get(i + 1));
            parts.add(new Part(window, i == 0 ? prefix : "", from, to));
        }
        return parts;
    }

    /// Windows overlap; what starts in the first half of the overlap belongs to the earlier one.
    private static int middle(Window window, Window next) {
        return next.start() + Math.max(0, window.end() - next.start()) / 2;
    }

    private static String prefix(String key) {
        return key.isEmpty() || key.length() > KEY_CHARS_MAX ? "" : key + ": ";
    }

    private void collect(String text, Part part, Tagged tagged, List<Finding> out) {
        int shift = part.window.start() - part.prefix.length();
        for (Stretch stretch : TagPath.stretches(tagged)) {
            if (!types.contains(stretch.type()) || stretch.confidence() < (stretch.type() == PiiType.ADDRESS ? ADDRESS_CONFIDENCE_MIN : CONFIDENCE_MIN)) continue;
            int start = Math.max(stretch.start() + shift, part.window.start());
            int end = stretch.end() + shift;
            if (end <= start || start < part.from || start >= part.to && part.to < text.length()) continue;
            NameSpan span = NameSpan.tidy(text, stretch.type(), start, end);
            if (span == null || !out.isEmpty() && out.getLast().end() > span.start()) continue;
            out.add(new Finding(stretch.type().wire(), span.start(), span.end(), Math.min(CONFIDENCE_MAX, stretch.confidence())));
        }
    }
}
