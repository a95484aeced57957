package dev.declaw.egress.dns;

import java.util.function.LongSupplier;

/// How many questions one sandbox may ask: a token bucket. Thread-safe.
final class QuestionBudget {
    static final int QUESTIONS_PER_SECOND = 200;
    static final int QUESTIONS_BURST = 400;

    private static final long NANOS_PER_QUESTION = 1_000_000_000L / QUESTIONS_PER_SECOND;

    /// Monotonic nanoseconds.
    private final LongSupplier nanoClock;
    private long filledAtNanos;
    private int questionsLeft = QUESTIONS_BURST;
    private long refused;

    QuestionBudget(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        this.filledAtNanos = nanoClock.getAsLong();
    }

    /// What a question may cost.
    sealed interface Grant {
        /// @param refusedBefore questions that were refused since the last one that was not
        record Granted(long refusedBefore) implements Grant {}

        /// @param first whether the question before was still granted
        record Refused(boolean first) implements Grant {}
    }

    synchronized Grant take() {
        long earned = (nanoClock.getAsLong() - filledAtNanos) / NANOS_PER_QUESTION;
        if (earned > 0) {
            filledAtNanos += earned * NANOS_PER_QUESTION;
            questionsLeft = (int) Math.min(QUESTIONS_BURST, questionsLeft + earned);
        }
        if (questionsLeft == 0) return new Grant.Refused(refused++ == 0);
        questionsLeft--;
        long before = refused;
        refused = 0;
        return new Grant.Granted(before);
    }
}
