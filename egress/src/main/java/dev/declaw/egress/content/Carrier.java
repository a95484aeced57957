package dev.declaw.egress.content;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// The format that a rehydrated value is inserted into, so that the value cannot break it.
public enum Carrier {
    /// JSON, NDJSON, scripts, and server-sent events, whose data is JSON in practice: JSON string escapes (RFC 8259 §7).
    JSON,
    /// HTML and XML: character references.
    MARKUP,
    /// `application/x-www-form-urlencoded`.
    FORM,
    /// Other text: the value as it is.
    TEXT,
    /// Not text, or not in an ASCII-compatible charset: nothing is replaced.
    OPAQUE;

    /// @param contentType value of the response's Content-Type field, or empty
    public static Carrier of(String contentType) {
        String lower = contentType.toLowerCase(Locale.ROOT);
        int semicolon = lower.indexOf(';');
        String type = (semicolon < 0 ? lower : lower.substring(0, semicolon)).strip();
        if (lower.contains("utf-16") || lower.contains("utf-32")) return OPAQUE;
        if (type.endsWith("json") || type.contains("javascript") || type.equals("text/event-stream")
                || type.contains("ndjson") || type.contains("jsonl") || type.contains("json-seq")) {
            return JSON;
        }
        if (type.equals("text/html") || type.endsWith("xml")) return MARKUP;
        if (type.equals("application/x-www-form-urlencoded")) return FORM;
        if (type.isEmpty() || type.startsWith("text/") || type.endsWith("yaml") || type.startsWith("multipart/")) return TEXT;
        return OPAQUE;
    }

    /// The value as bytes of this carrier.
    byte[] escape(String value) {
        String escaped =
                switch (this) {
                    case JSON -> json(value);
                    case MARKUP -> markup(value);
                    case FORM -> URLEncoder.encode(value, StandardCharsets.UTF_8);
                    case TEXT, OPAQUE -> value;
                };
        return escaped.getBytes(StandardCharsets.UTF_8);
    }

    private static String json(String value) {
        StringBuilder out = new StringBuilder(value.length() + 8);
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    // U+2028 and U+2029 end a line in older JavaScript; half a surrogate pair has no UTF-8 form.
                    if (c < ' ' || c == 0x2028 || c == 0x2029 || loneSurrogate(value, i)) {
                        out.append("\\u%04x".formatted((int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        return out.toString();
    }

    private static boolean loneSurrogate(String value, int at) {
        char c = value.charAt(at);
        if (Character.isHighSurrogate(c)) {
            return at + 1 == value.length() || !Character.isLowSurrogate(value.charAt(at + 1));
        }
        return Character.isLowSurrogate(c) && (at == 0 || !Character.isHighSurrogate(value.charAt(at - 1)));
    }

    private static String markup(String value) {
        StringBuilder out = new StringBuilder(value.length() + 8);
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.append(c);
            }
        }
        return out.toString();
    }
}
