package dev.declaw.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Durations as people write and read them.
final class Times {
    private Times() {}

    /// `90`, `90s`, `5m`, `2h`, `1d`; `0` = without an end.
    static final class Reader implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            if (!text.matches("[0-9]{1,9}[smhd]?")) {
                throw new TypeConversionException("'" + text + "' is no duration such as 90, 90s, 5m, 2h or 1d");
            }
            boolean bare = Character.isDigit(text.charAt(text.length() - 1));
            long number = Long.parseLong(bare ? text : text.substring(0, text.length() - 1));
            return switch (bare ? 's' : text.charAt(text.length() - 1)) {
                case 'm' -> Duration.ofMinutes(number);
                case 'h' -> Duration.ofHours(number);
                case 'd' -> Duration.ofDays(number);
                default -> Duration.ofSeconds(number);
            };
        }
    }

    static String text(Duration duration) {
        long seconds = Math.abs(duration.toSeconds());
        if (seconds < 120) return seconds + "s";
        if (seconds < 7200) return seconds / 60 + "m";
        return seconds < 172_800 ? seconds / 3600 + "h" : seconds / 86_400 + "d";
    }

    static Optional<Instant> parse(Optional<String> time) {
        try {
            return time.filter(text -> !text.isEmpty()).map(text -> OffsetDateTime.parse(text).toInstant());
        } catch (DateTimeParseException e) {
            return Optional.empty();
        }
    }

    /// How long ago; empty for what has no time.
    static String ago(Optional<String> time) {
        return parse(time).map(at -> text(Duration.between(at, Instant.now())) + " ago").orElse("");
    }

    /// How long from now.
    static String until(Optional<String> time) {
        return parse(time)
                .map(at -> Duration.between(Instant.now(), at))
                .map(left -> left.isNegative() ? text(left) + " ago" : "in " + text(left))
                .orElse("");
    }
}
