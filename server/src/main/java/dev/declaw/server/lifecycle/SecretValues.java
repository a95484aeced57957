package dev.declaw.server.lifecycle;

import dev.declaw.model.policy.EnvSecurity;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/// Takes the values of secret environment variables out of text that is about to be recorded.
final class SecretValues {
    private static final String MASK = "***";

    /// Shorter values would mask half of every text and protect nothing.
    private static final int VALUE_CHARS_MIN = 4;

    private SecretValues() {}

    /// @param always values that are taken out whatever the rules say
    static String mask(String text, EnvSecurity rules, List<Map<String, String>> environments, Collection<String> always) {
        List<String> values = new ArrayList<>();
        always.stream().filter(value -> value.length() >= VALUE_CHARS_MIN).forEach(values::add);
        if (rules.autoMaskInAudit()) addNamed(values, rules, environments);
        values.sort(Comparator.comparingInt(String::length).reversed()); // a value may hold a shorter one
        String masked = text;
        for (String value : values) masked = masked.replace(value, MASK);
        return masked;
    }

    private static void addNamed(List<String> values, EnvSecurity rules, List<Map<String, String>> environments) {
        for (Map<String, String> environment : environments) {
            environment.forEach((name, value) -> {
                if (value.length() >= VALUE_CHARS_MIN && rules.masks(name)) values.add(value);
            });
        }
    }
}
