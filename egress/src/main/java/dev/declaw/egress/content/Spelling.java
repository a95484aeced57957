package dev.declaw.egress.content;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/// How text must be written where it lands, so that it stays data there and nothing else.
enum Spelling {
    /// Inside a JSON string (RFC 8259 §7).
    JSON,
    /// A part of a path or query: everything but unreserved characters as `%XX` (RFC 3986 §2.1).
    PERCENT,
    /// Text in which no character has a meaning of ours.
    PLAIN;

    String spell(String text) {
        return switch (this) {
            case JSON -> new String(Carrier.JSON.escape(text), StandardCharsets.UTF_8);
            case PERCENT -> URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
            case PLAIN -> text;
        };
    }
}
