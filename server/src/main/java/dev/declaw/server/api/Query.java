package dev.declaw.server.api;

import dev.declaw.model.failure.PlatformFailure;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The query of a request, decoded (application/x-www-form-urlencoded, UTF-8). `raw` stays at hand for the one client that
/// sends it unencoded.
final class Query {
    private static final int PAIRS_MAX = 200;

    private record Pair(String name, String value) {}

    private final String raw;
    private final List<Pair> pairs = new ArrayList<>();

    /// @param raw text behind the question mark, or null
    /// @throws PlatformFailure.InvalidRequest when it cannot be decoded
    Query(String raw) {
        this.raw = raw == null ? "" : raw;
        String[] parts = this.raw.split("&");
        if (parts.length > PAIRS_MAX) {
            throw new PlatformFailure.TooLarge("query_too_long", "the query has more than " + PAIRS_MAX + " parameters");
        }
        for (String part : parts) {
            if (part.isEmpty()) continue;
            int equals = part.indexOf('=');
            String name = equals < 0 ? part : part.substring(0, equals);
            String value = equals < 0 ? "" : part.substring(equals + 1);
            pairs.add(new Pair(decode(name, true), decode(value, true)));
        }
    }

    Optional<String> first(String name) {
        return pairs.stream().filter(pair -> pair.name().equals(name)).map(Pair::value).findFirst();
    }

    /// As [#first], but an empty value counts as absent.
    Optional<String> given(String name) {
        return first(name).filter(value -> !value.isEmpty());
    }

    List<String> all(String name) {
        return pairs.stream().filter(pair -> pair.name().equals(name)).map(Pair::value).toList();
    }

    boolean flag(String name) {
        return given(name).map(value -> switch (value) {
                    case "true", "1" -> true;
                    case "false", "0" -> false;
                    default -> throw JsonBody.wrong(name, "must be true or false");
                })
                .orElse(false);
    }

    int number(String name, int fallback, int min, int max) {
        return (int) given(name).map(value -> parse(name, value, min, max)).orElse((long) fallback).longValue();
    }

    static long parse(String name, String value, long min, long max) {
        try {
            long number = Long.parseLong(value);
            if (number >= min && number <= max) return number;
        } catch (NumberFormatException _) {
            // refused below like a number out of range
        }
        throw JsonBody.wrong(name, "must be a whole number from " + min + " to " + max);
    }

    /// The parameter `path`: required, not empty.
    String path() {
        return JsonBody.checkPath("path", first("path").orElseThrow(() -> JsonBody.wrong("path", "is missing")));
    }

    /// The parameter `path` of a removal. The Python client joins this URL without encoding: everything up to the last
    /// `&username=` is the path and `+` means itself (wire-api 7.4). An unencoded leading slash gives that form away.
    String pathOfRemoval() {
        String prefix = "path=/";
        if (!raw.startsWith(prefix)) return path();
        int end = raw.lastIndexOf("&username=");
        String value = raw.substring(prefix.length() - 1, end < 0 ? raw.length() : end);
        return JsonBody.checkPath("path", decode(value, false));
    }

    /// The parameter `username` of a removal in that same form.
    Optional<String> userOfRemoval() {
        int at = raw.lastIndexOf("&username=");
        if (!raw.startsWith("path=/") || at < 0) return given("username");
        return Optional.of(decode(raw.substring(at + "&username=".length()), true)).filter(user -> !user.isEmpty());
    }

    /// Percent-decodes (RFC 3986 §2.1).
    static String decode(String text, boolean plusIsSpace) {
        if (text.indexOf('%') < 0 && (!plusIsSpace || text.indexOf('+') < 0)) return text;
        byte[] in = text.getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate(in.length);
        for (int i = 0; i < in.length; i++) {
            if (in[i] == '%') {
                int high = i + 1 < in.length ? Character.digit(in[i + 1], 16) : -1;
                int low = i + 2 < in.length ? Character.digit(in[i + 2], 16) : -1;
                if (high < 0 || low < 0) throw malformed();
                out.put((byte) (high << 4 | low));
                i += 2;
            } else {
                out.put(plusIsSpace && in[i] == '+' ? (byte) ' ' : in[i]);
            }
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(out.flip()).toString();
        } catch (CharacterCodingException e) {
            throw malformed();
        }
    }

    private static PlatformFailure malformed() {
        return new PlatformFailure.InvalidRequest("invalid_url", "the URL holds a percent sequence that is not UTF-8");
    }
}
