package dev.declaw.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.model.failure.PlatformFailure;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// A JSON object of a request, read member by member; each wrong type or size is a refusal that names the member.
/// Members that nobody asks for are ignored (wire-api 1.4), and a null counts as absent.
final class JsonBody {
    static final int PATH_CHARS_MAX = 4096;

    private static final int MAP_ENTRIES_MAX = 1000;
    private static final int KEY_CHARS_MAX = 256;

    private final String prefix;
    private final JsonNode object;

    JsonBody(JsonNode value) {
        this("", value);
    }

    private JsonBody(String prefix, JsonNode value) {
        this.prefix = prefix;
        this.object = value;
    }

    /// @throws PlatformFailure.InvalidRequest when the value is no object
    static JsonBody of(String name, JsonNode value) {
        if (value == null || !value.isObject()) throw wrong(name, "must be a JSON object");
        return new JsonBody(name.isEmpty() ? "" : name + ".", value);
    }

    Optional<JsonNode> node(String name) {
        JsonNode value = object.get(name);
        return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
    }

    Optional<String> text(String name, int charsMax) {
        return node(name).map(value -> checked(prefix + name, value, charsMax));
    }

    String requiredText(String name, int charsMax) {
        return text(name, charsMax).orElseThrow(() -> wrong(prefix + name, "is missing"));
    }

    /// A path inside the sandbox: not empty, without NUL.
    String path(String name) {
        return checkPath(prefix + name, requiredText(name, PATH_CHARS_MAX));
    }

    static String checkPath(String name, String path) {
        if (path.isEmpty()) throw wrong(name, "is empty");
        if (path.length() > PATH_CHARS_MAX) {
            throw new PlatformFailure.TooLarge("path_too_long", name + " is longer than " + PATH_CHARS_MAX + " characters");
        }
        if (path.indexOf('\0') >= 0) throw wrong(name, "contains a NUL character");
        return path;
    }

    boolean flag(String name, boolean fallback) {
        return node(name)
                .map(value -> {
                    if (!value.isBoolean()) throw wrong(prefix + name, "must be true or false");
                    return value.booleanValue();
                })
                .orElse(fallback);
    }

    /// A whole number; `60.0` is one too.
    Optional<Long> wholeNumber(String name) {
        return node(name).map(value -> {
            boolean whole = value.isNumber() && value.canConvertToExactIntegral() && value.canConvertToLong();
            if (!whole) throw wrong(prefix + name, "must be a whole number");
            return value.longValue();
        });
    }

    /// Seconds, possibly with a fraction.
    Optional<Double> seconds(String name, double max) {
        return node(name).map(value -> {
            double number = value.isNumber() ? value.doubleValue() : Double.NaN;
            if (!(number >= 0 && number <= max)) {
                throw wrong(prefix + name, "must be a number of seconds from 0 to " + (long) max);
            }
            return number;
        });
    }

    /// An object whose values are all strings.
    Map<String, String> textMap(String name, int charsMax) {
        Optional<JsonNode> node = node(name);
        if (node.isEmpty()) return Map.of();
        String path = prefix + name;
        if (!node.get().isObject()) throw wrong(path, "must be an object of strings");
        if (node.get().size() > MAP_ENTRIES_MAX) {
            throw new PlatformFailure.TooLarge("too_many_entries", path + " has more than " + MAP_ENTRIES_MAX + " entries");
        }
        Map<String, String> map = new LinkedHashMap<>();
        int total = 0;
        for (var member : node.get().properties()) {
            if (member.getKey().length() > KEY_CHARS_MAX) {
                throw new PlatformFailure.TooLarge("name_too_long", path + " has a name of more than " + KEY_CHARS_MAX + " characters");
            }
            String value = checked(path + "." + member.getKey(), member.getValue(), charsMax);
            total += member.getKey().length() + value.length();
            if (total > charsMax) {
                throw new PlatformFailure.TooLarge("value_too_long", path + " is longer than " + charsMax + " characters");
            }
            map.put(member.getKey(), value);
        }
        return map;
    }

    private static String checked(String name, JsonNode value, int charsMax) {
        if (!value.isTextual()) throw wrong(name, "must be a string");
        if (value.textValue().length() > charsMax) {
            throw new PlatformFailure.TooLarge("value_too_long", name + " is longer than " + charsMax + " characters");
        }
        return value.textValue();
    }

    static PlatformFailure wrong(String name, String what) {
        return new PlatformFailure.InvalidRequest("invalid_request", (name.isEmpty() ? "the body" : name) + " " + what);
    }
}
