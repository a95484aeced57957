package dev.declaw.guardrails.secrets;

import dev.declaw.guardrails.Anchors;
import dev.declaw.guardrails.FoldedText;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.util.ArrayList;
import java.util.List;

/// Finds keys and passwords: by their provider's prefix, by the name they stand under (`.env`, `export`, YAML, JSON, `ENV`,
/// headers, flags, URL user information), as private-key blocks, and as random values in an assignment or beside a
/// provider's name. One pass over the runs of identifier characters; every look around is bounded, so that time is linear. Thread-safe.
public final class SecretScanner implements Scanner {
    /// The type of every finding. The span covers the value, not its name.
    public static final String TYPE = "secret";

    /// The longest single value that is recognised, but for private-key blocks.
    static final int VALUE_CHARS_MAX = 4096;

    /// As [#overlapChars]: the longest private-key block that is recognised, and its label.
    public static final int WINDOW_OVERLAP_CHARS = SecretPass.PEM_CHARS_MAX + 256;

    private static final Anchors RUNS = Anchors.of(List.of(), "", true);

    /// Has nothing to set: a caller filters by confidence.
    public SecretScanner() {}

    @Override
    public String name() {
        return "secrets";
    }

    @Override
    public int overlapChars() {
        return WINDOW_OVERLAP_CHARS;
    }

    /// Told of each secret, in the order of the text, in folded positions.
    @FunctionalInterface
    public interface Sink {
        void secret(int start, int end, double confidence);
    }

    @Override
    public List<Finding> scan(ScanText source) {
        FoldedText text = FoldedText.of(source.text());
        List<Finding> findings = new ArrayList<>();
        find(text, source.key(), (start, end, confidence) -> findings.add(new Finding(TYPE, text.source(start), text.source(end), confidence)));
        return findings;
    }

    private static void find(FoldedText text, String key, Sink sink) {
        SecretPass pass = new SecretPass(text.chars(), text.length(), false, sink);
        RUNS.run(text.chars(), text.length(), pass);
        if (pass.found() == 0) underKey(text, key, false, sink);
    }

    /// For scanners that share the pass over the text: what to tell of each run of identifier characters.
    ///
    /// @param examples whether the example keys of documentations (`AKIA…EXAMPLE`) count, too
    public static Runs runs(FoldedText text, boolean examples, Sink sink) {
        SecretPass pass = new SecretPass(text.chars(), text.length(), examples, sink);
        return new Runs() {
            @Override
            public void run(int start, int end) {
                pass.run(start, end);
            }

            @Override
            public void end(String key) {
                if (pass.found() == 0) underKey(text, key, examples, sink);
            }
        };
    }

    /// One scan that is told of runs by another's pass. One scan, one thread.
    public interface Runs {
        /// As [Anchors.Visitor#run].
        void run(int start, int end);

        /// After the last run.
        ///
        /// @param key the name that the whole text stands under; empty when there is none
        void end(String key);
    }

    private static void underKey(FoldedText text, String key, boolean examples, Sink sink) {
        if (!key.isEmpty() && text.length() > 0 && text.length() <= VALUE_CHARS_MAX) underKey(key.toCharArray(), text.chars(), text.length(), examples, sink);
    }

    private static void underKey(char[] name, char[] chars, int length, boolean examples, Sink sink) {
        KeyName strength = KeyName.of(name, 0, name.length);
        if (strength == KeyName.PLAIN || strength == KeyName.HARMLESS) return;
        int start = 0;
        int end = length;
        while (start < end && chars[start] <= ' ') start++;
        while (end > start && chars[end - 1] <= ' ') end--;
        int word = start;
        while (word < end && word - start < 8 && chars[word] > ' ') word++;
        if (word < end && chars[word] == ' ' && SecretPass.scheme(chars, start, word)) start = word + 1;
        if (end - start < 6) return;
        boolean secret = strength == KeyName.STRONG
                ? Values.secret(chars, start, end, false, examples)
                : end - start >= 16 && Randomness.random(chars, start, end, true);
        if (secret) sink.secret(start, end, 0.9);
    }
}
