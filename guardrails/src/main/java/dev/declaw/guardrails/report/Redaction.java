package dev.declaw.guardrails.report;

import dev.declaw.guardrails.Verdict.Evidence;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// A text with its spans replaced by tokens of the form `REDACTED_EMAIL_1`; the same value of the same kind has the same token.
///
/// @param text the text with tokens
/// @param values what each token stands for, in the order of their first use
public record Redaction(String text, Map<String, String> values) {
    public Redaction {
        values = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /// @param spans of this text, in its order, not overlapping
    public static Redaction of(String text, List<Evidence> spans) {
        StringBuilder out = new StringBuilder(text.length());
        Map<String, String> tokens = new HashMap<>();
        Map<String, Integer> counts = new HashMap<>();
        Map<String, String> values = new LinkedHashMap<>();
        int kept = 0;
        for (Evidence span : spans) {
            String value = text.substring(span.start(), span.end());
            String token = tokens.computeIfAbsent(span.category() + " " + value, _ -> {
                int number = counts.merge(span.category(), 1, Integer::sum);
                return "REDACTED_" + span.category().toUpperCase(Locale.ROOT) + "_" + number;
            });
            values.putIfAbsent(token, value);
            out.append(text, kept, span.start()).append(token);
            kept = span.end();
        }
        return new Redaction(out.append(text, kept, text.length()).toString(), values);
    }
}
