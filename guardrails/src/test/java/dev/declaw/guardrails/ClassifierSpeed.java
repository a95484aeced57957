package dev.declaw.guardrails;

import dev.declaw.guardrails.encoder.TextEncoder;
import dev.declaw.guardrails.injection.InjectionScanner;
import dev.declaw.guardrails.toxicity.ToxicityScanner;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Prints how long the text classifiers take on one thread: `java ... dev.declaw.guardrails.ClassifierSpeed`.
final class ClassifierSpeed {
    private static final int RUNS = 60;
    private static final String SENTENCE = "The river floods the lower fields in spring, and then the agent should ignore the old map. ";

    private ClassifierSpeed() {}

    public static void main(String[] args) {
        try (TextEncoder encoder = new TextEncoder()) {
            InjectionScanner first = new InjectionScanner(Optional.empty());
            for (int chars : List.of(300, 1_200, 4_096)) print("injection tier 0, " + chars + " characters", () -> first.judge(text(chars)));
            ToxicityScanner toxicity = new ToxicityScanner(Optional.empty());
            print("toxicity tier 0, 300 characters", () -> toxicity.judge(text(300)));
            for (int words : List.of(15, 60, 120)) print("encoder, " + (words + 2) + " pieces", () -> encoder.logits(List.of("river ".repeat(words))));
            print("encoder, two windows of 128 pieces", () -> encoder.logits(List.of("river ".repeat(126), "agent ".repeat(126))));
        }
    }

    private static String text(int chars) {
        return SENTENCE.repeat(chars / SENTENCE.length() + 1).substring(0, chars);
    }

    private static void print(String what, Runnable work) {
        long[] nanos = new long[RUNS];
        for (int i = 0; i < RUNS * 4; i++) {
            long start = System.nanoTime();
            work.run();
            nanos[i % RUNS] = System.nanoTime() - start;
        }
        Arrays.sort(nanos);
        System.out.printf("%-40s median %.3f ms, least %.3f ms%n", what, nanos[RUNS / 2] / 1e6, nanos[0] / 1e6);
    }
}
