package dev.declaw.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What one group of rows adds up to.
sealed interface Score {
    void describe(ObjectNode line);

    static double rate(long part, long whole) {
        return whole == 0 ? 0 : round((double) part / whole);
    }

    static double round(double value) {
        return Math.round(value * 1e4) / 1e4;
    }

    /// Time and size of the texts of a group.
    final class Cost {
        private long nanos;
        private long bytes;
        private long texts;

        void add(long spent, int textBytes) {
            nanos += spent;
            bytes += textBytes;
            texts++;
        }

        void describe(ObjectNode line) {
            line.put("ms_per_text", round(nanos / 1e6 / Math.max(1, texts)));
            line.put("mb_per_s", round(bytes / 1e6 / Math.max(1e-9, nanos / 1e9)));
        }
    }

    /// Rows with one label. A group without benign rows of its own borrows those of the whole file for its AUC.
    final class Labels implements Score {
        final Cost cost = new Cost();
        private final List<Double> thresholds;
        private final List<Double> positives = new ArrayList<>();
        private final List<Double> negatives = new ArrayList<>();
        private final List<Double> fileNegatives;

        Labels(List<Double> thresholds, List<Double> fileNegatives) {
            this.thresholds = thresholds;
            this.fileNegatives = fileNegatives;
        }

        void add(boolean positive, double score) {
            (positive ? positives : negatives).add(score);
        }

        void addToFile(double negative) {
            fileNegatives.add(negative);
        }

        @Override
        public void describe(ObjectNode line) {
            line.put("n", positives.size() + negatives.size()).put("positives", positives.size());
            boolean borrowed = negatives.isEmpty();
            double[] benign = array(borrowed ? fileNegatives : negatives);
            if (!positives.isEmpty() && benign.length > 0) {
                line.put(borrowed ? "auc_against_file" : "auc", round(auc(array(positives), benign)));
            }
            for (double threshold : thresholds) {
                ObjectNode at = line.putObject("at_" + threshold);
                long hit = positives.stream().filter(s -> s >= threshold).count();
                long wrong = negatives.stream().filter(s -> s >= threshold).count();
                if (!positives.isEmpty()) {
                    at.put("recall", rate(hit, positives.size()));
                    at.put("precision", rate(hit, hit + wrong));
                }
                if (!negatives.isEmpty()) at.put("fpr", rate(wrong, negatives.size()));
            }
            cost.describe(line);
        }

        private static double[] array(List<Double> scores) {
            return scores.stream().mapToDouble(Double::doubleValue).toArray();
        }

        /// Chance that a random positive scores above a random negative, ties counting half.
        static double auc(double[] positives, double[] negatives) {
            Arrays.sort(negatives);
            double wins = 0;
            for (double score : positives) {
                int below = firstAtLeast(negatives, score);
                int upTo = firstAtLeast(negatives, Math.nextUp(score));
                wins += below + (upTo - below) / 2.0;
            }
            return wins / ((double) positives.length * negatives.length);
        }

        private static int firstAtLeast(double[] sorted, double value) {
            int low = 0;
            int high = sorted.length;
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (sorted[middle] < value) low = middle + 1;
                else high = middle;
            }
            return low;
        }
    }

    /// A span of one type, in UTF-16 units.
    record Span(String type, int start, int end) {}

    /// Rows with spans.
    final class Spans implements Score {
        final Cost cost = new Cost();
        private final Map<String, long[]> counts = new TreeMap<>();
        private long rows;
        private long bare;
        private long bareFlagged;

        /// Counts, per type: gold, found, strictly right, gold overlapped, found overlapping.
        void add(List<Span> gold, List<Span> found) {
            rows++;
            if (gold.isEmpty()) {
                bare++;
                if (!found.isEmpty()) bareFlagged++;
            }
            for (Span span : gold) {
                long[] count = of(span.type());
                count[0]++;
                if (found.contains(span)) count[2]++;
                if (found.stream().anyMatch(other -> overlaps(span, other))) count[3]++;
            }
            for (Span span : found) {
                long[] count = of(span.type());
                count[1]++;
                if (gold.stream().anyMatch(other -> overlaps(span, other))) count[4]++;
            }
        }

        @Override
        public void describe(ObjectNode line) {
            line.put("n", rows).put("rows_without_spans", bare).put("flagged_of_those", rate(bareFlagged, bare));
            ObjectNode types = line.putObject("types");
            counts.forEach((type, c) -> {
                ObjectNode at = types.putObject(type);
                at.put("gold", c[0]).put("found", c[1]);
                at.put("strict_f1", f1(rate(c[2], c[1]), rate(c[2], c[0])));
                at.put("overlap_precision", rate(c[4], c[1])).put("overlap_recall", rate(c[3], c[0]));
                at.put("overlap_f1", f1(rate(c[4], c[1]), rate(c[3], c[0])));
            });
            cost.describe(line);
        }

        private long[] of(String type) {
            return counts.computeIfAbsent(type, _ -> new long[5]);
        }

        private static boolean overlaps(Span a, Span b) {
            return a.type().equals(b.type()) && a.start() < b.end() && b.start() < a.end();
        }

        private static double f1(double precision, double recall) {
            return precision + recall == 0 ? 0 : round(2 * precision * recall / (precision + recall));
        }
    }
}
