package dev.declaw.guardrails.encoder;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The measured constants of a classifier: named numbers, and curves from log-odds to a score that means the same from
/// version to version (.5 is about 1 % of ordinary benign texts, .8 is .3 %, .95 is .1 %). Immutable.
///
/// The resource has lines of `number NAME VALUE` and `curve NAME LOGIT SCORE`; `#` starts a comment line.
public final class Calibration {
    private final Map<String, Double> numbers = new HashMap<>();
    private final Map<String, double[][]> curves = new HashMap<>();

    /// @throws IllegalStateException when the resource is missing or malformed: the build is broken
    public static Calibration read(Class<?> owner, String resource) {
        try (InputStream in = owner.getResourceAsStream(resource)) {
            if (in == null) throw new IllegalStateException("missing calibration " + resource);
            return new Calibration(new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII)).lines().toList());
        } catch (IOException e) {
            throw new UncheckedIOException(resource, e);
        }
    }

    Calibration(List<String> lines) {
        Map<String, List<double[]>> knots = new HashMap<>();
        for (String line : lines) {
            if (line.isBlank() || line.startsWith("#")) continue;
            String[] words = line.split(" ");
            if (words[0].equals("number") && words.length == 3) {
                numbers.put(words[1], Double.valueOf(words[2]));
            } else if (words[0].equals("curve") && words.length == 4) {
                knots.computeIfAbsent(words[1], name -> new ArrayList<>()).add(new double[] {Double.parseDouble(words[2]), Double.parseDouble(words[3])});
            } else {
                throw new IllegalStateException("not a calibration line: " + line);
            }
        }
        knots.forEach((name, points) -> curves.put(name, monotone(name, points)));
    }

    private static double[][] monotone(String name, List<double[]> points) {
        for (int i = 0; i < points.size(); i++) {
            double score = points.get(i)[1];
            boolean rises = i == 0 || points.get(i)[0] > points.get(i - 1)[0] && score >= points.get(i - 1)[1];
            if (!rises || !(score >= 0 && score <= 1)) throw new IllegalStateException("curve does not rise: " + name);
        }
        return points.toArray(double[][]::new);
    }

    /// A named number.
    public double number(String name) {
        Double value = numbers.get(name);
        if (value == null) throw new IllegalStateException("no number " + name);
        return value;
    }

    /// The score of a log-odds, between the curve's knots in a straight line.
    public double score(String curve, double logit) {
        double[][] knots = curves.get(curve);
        if (knots == null) throw new IllegalStateException("no curve " + curve);
        if (Double.isNaN(logit)) throw new IllegalArgumentException("no log-odds");
        if (logit <= knots[0][0]) return knots[0][1];
        if (logit >= knots[knots.length - 1][0]) return knots[knots.length - 1][1];
        int above = Arrays.binarySearch(knots, new double[] {logit}, (a, b) -> Double.compare(a[0], b[0]));
        if (above >= 0) return knots[above][1];
        double[] high = knots[-above - 1];
        double[] low = knots[-above - 2];
        return low[1] + (high[1] - low[1]) * (logit - low[0]) / (high[0] - low[0]);
    }
}
