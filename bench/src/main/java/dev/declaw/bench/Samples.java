package dev.declaw.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;

/// Times of one kind of run, in milliseconds. Not thread-safe.
final class Samples {
    private double[] millis = new double[64];
    private int count;

    void add(long nanos) {
        if (count == millis.length) millis = Arrays.copyOf(millis, count * 2);
        millis[count++] = nanos / 1e6;
    }

    void addAll(Samples others) {
        for (int i = 0; i < others.count; i++) add((long) (others.millis[i] * 1e6));
    }

    /// Value below which the given share of the samples lies (nearest rank).
    double percentile(double share) {
        if (count == 0) throw new IllegalStateException("nothing was measured");
        double[] sorted = Arrays.copyOf(millis, count);
        Arrays.sort(sorted);
        return sorted[Math.max(0, (int) Math.ceil(share * count) - 1)];
    }

    /// Adds `<prefix>_p50_ms`, `_p99_ms` and `_max_ms`, rounded to microseconds.
    void describe(ObjectNode line, String prefix) {
        line.put(prefix + "_p50_ms", round(percentile(0.5)));
        line.put(prefix + "_p99_ms", round(percentile(0.99)));
        line.put(prefix + "_max_ms", round(percentile(1)));
    }

    double median() {
        return round(percentile(0.5));
    }

    int count() {
        return count;
    }

    static double round(double value) {
        return Math.round(value * 1000) / 1000.0;
    }
}
