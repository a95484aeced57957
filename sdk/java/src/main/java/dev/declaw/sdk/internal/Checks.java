package dev.declaw.sdk.internal;

import dev.declaw.sdk.DeclawException.InvalidArgument;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;

/// Checks of arguments: bad use throws before anything is sent. A message names a variable and never shows its value.
public final class Checks {
    private static final int PATH_CHARS_MAX = 4096;
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_.:-]+");
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    private Checks() {}

    public static String id(String what, String value) {
        if (value == null || !ID.matcher(value).matches() || value.contains("..")) {
            throw new InvalidArgument(what + " must be the id that the server gave, not '" + value + "'");
        }
        return value;
    }

    public static String path(String path) {
        if (path == null || path.isEmpty() || path.length() > PATH_CHARS_MAX || path.indexOf('\0') >= 0) {
            throw new InvalidArgument("a path has 1 to " + PATH_CHARS_MAX + " characters and no NUL");
        }
        return path;
    }

    public static String command(String line) {
        if (line == null || line.isBlank() || line.indexOf('\0') >= 0) {
            throw new InvalidArgument("a command line is not empty and has no NUL");
        }
        return line;
    }

    public static Map<String, String> variables(Map<String, String> variables) {
        variables.forEach((name, value) -> {
            if (!VARIABLE.matcher(name).matches()) throw new InvalidArgument("'" + name + "' is no name of a variable");
            if (value == null || value.indexOf('\0') >= 0) {
                throw new InvalidArgument("the value of " + name + " must be a text without NUL");
            }
        });
        return Map.copyOf(variables);
    }

    /// Whole seconds, at least 1; zero means without an end.
    public static long seconds(String what, Duration duration) {
        if (duration.isNegative()) throw new InvalidArgument(what + " must not be negative");
        return duration.isZero() ? 0 : Math.max(1, duration.toSeconds());
    }

    public static int port(int port) {
        if (port < 1 || port > 65535) throw new InvalidArgument("a port is a number from 1 to 65535, not " + port);
        return port;
    }

    public static int count(String what, int value, int most) {
        if (value < 1 || value > most) throw new InvalidArgument(what + " must be a number from 1 to " + most);
        return value;
    }

    /// One segment of a path, or a value of a query.
    public static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
