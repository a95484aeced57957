package dev.declaw.runtime;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// How long the steps of one start took, in order. Used by one thread at a time.
public final class Timings {
    private static final double NANOS_PER_MILLI = 1e6;

    private final List<Step> steps = new ArrayList<>();
    private long last;

    /// The first step begins now.
    public Timings() {
        last = System.nanoTime();
    }

    /// @param name one word
    public record Step(String name, Duration took) {}

    /// A step ends now; the next begins.
    public void mark(String name) {
        long now = System.nanoTime();
        steps.add(new Step(name, Duration.ofNanos(now - last)));
        last = now;
    }

    /// What the others hold was the step that ends now, in more detail; the next begins.
    public void include(Timings others) {
        steps.addAll(others.steps());
        last = System.nanoTime();
    }

    public List<Step> steps() {
        return List.copyOf(steps);
    }

    /// Names and milliseconds, such as `files 0.4 slot 21.0`.
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Step step : steps) {
            text.append(text.isEmpty() ? "" : " ").append(step.name()).append(' ');
            text.append(String.format(Locale.ROOT, "%.1f", step.took().toNanos() / NANOS_PER_MILLI));
        }
        return text.toString();
    }
}
