package dev.declaw.sdk.json;

import java.util.List;
import java.util.Map;

/// Writes JSON, compact or indented. Control characters and lone surrogates are escaped, so the text is valid UTF-8.
public final class JsonWriter {
    private final StringBuilder out = new StringBuilder();
    private final boolean indented;

    private JsonWriter(boolean indented) {
        this.indented = indented;
    }

    /// One line.
    public static String write(Object value) {
        return text(value, false);
    }

    /// One member or element a line, two blanks deep.
    public static String indented(Object value) {
        return text(value, true);
    }

    private static String text(Object value, boolean indented) {
        JsonWriter writer = new JsonWriter(indented);
        writer.value(value, 0);
        return writer.out.toString();
    }

    private void value(Object value, int depth) {
        if (value == null || value instanceof Boolean || value instanceof Long || value instanceof Integer) {
            out.append(value);
        } else if (value instanceof Double number) {
            if (number.isNaN() || number.isInfinite()) throw new JsonException("JSON has no " + number);
            out.append(number == Math.rint(number) && Math.abs(number) < 1e15 ? (Object) number.longValue() : number);
        } else if (value instanceof JsonObject object) {
            object(object.members(), depth);
        } else if (value instanceof Map<?, ?> map) {
            object(map, depth);
        } else if (value instanceof List<?> list) {
            array(list, depth);
        } else {
            string(value.toString());
        }
    }

    private void object(Map<?, ?> members, int depth) {
        out.append('{');
        boolean first = true;
        for (Map.Entry<?, ?> member : members.entrySet()) {
            if (!first) out.append(',');
            first = false;
            line(depth + 1);
            string(member.getKey().toString());
            out.append(indented ? ": " : ":");
            value(member.getValue(), depth + 1);
        }
        if (!first) line(depth);
        out.append('}');
    }

    private void array(List<?> elements, int depth) {
        out.append('[');
        boolean first = true;
        for (Object element : elements) {
            if (!first) out.append(',');
            first = false;
            line(depth + 1);
            value(element, depth + 1);
        }
        if (!first) line(depth);
        out.append(']');
    }

    private void line(int depth) {
        if (indented) out.append('\n').append("  ".repeat(depth));
    }

    private void string(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < 0x20 || Character.isSurrogate(c) && !paired(text, i)) {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    private static boolean paired(String text, int i) {
        return Character.isHighSurrogate(text.charAt(i))
                ? i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))
                : i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
    }
}
