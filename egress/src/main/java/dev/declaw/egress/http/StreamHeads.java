package dev.declaw.egress.http;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// Reads heads that came as fields of HTTP/2 (RFC 9113 §8) by the same rules as those of HTTP/1.1, so that nothing that is
/// refused there gets in here, and a translation between the versions cannot be read differently. Pure; thread-safe.
public final class StreamHeads {
    private static final int METHOD_CHARS_MAX = 32;

    /// RFC 9113 §8.2.2.
    private static final Set<String> CONNECTION_SPECIFIC =
            Set.of("connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade", "http2-settings");

    private final HeadLimits limits;
    private final FieldSection fields;
    private final List<String> cookies = new ArrayList<>(1);
    private final boolean request;
    private String method;
    private String scheme;
    private String path;
    private String authority;
    private String status;
    private boolean regular;
    private int bytes;

    private StreamHeads(HeadLimits limits, boolean request) {
        this.limits = limits;
        this.request = request;
        this.fields = new FieldSection(limits.fieldsMax());
    }

    /// @param ended whether no body follows
    public static RequestHead request(
            Iterable<Map.Entry<CharSequence, CharSequence>> from, boolean ended, HeadLimits limits)
            throws HttpViolation {
        StreamHeads heads = new StreamHeads(limits, true);
        heads.readAll(from);
        return heads.toRequest(ended);
    }

    /// @param ended whether no body follows
    /// @param toHead whether the request's method was HEAD
    public static ResponseHead response(
            Iterable<Map.Entry<CharSequence, CharSequence>> from, boolean ended, boolean toHead, HeadLimits limits)
            throws HttpViolation {
        StreamHeads heads = new StreamHeads(limits, false);
        heads.readAll(from);
        return heads.toResponse(ended, toHead);
    }

    /// The fields behind a body, without those that have no meaning there (RFC 9110 §6.5.1).
    public static List<Field> trailers(Iterable<Map.Entry<CharSequence, CharSequence>> from, HeadLimits limits)
            throws HttpViolation {
        StreamHeads heads = new StreamHeads(limits, false);
        heads.readAll(from);
        if (heads.status != null) throw HttpViolation.bad("a pseudo-header among the trailers");
        List<Field> trailers = new ArrayList<>(heads.fields.finish());
        trailers.removeIf(field -> TRAILER_FORBIDDEN.contains(field.name()));
        return trailers;
    }

    private static final Set<String> TRAILER_FORBIDDEN = Set.of(
            "content-type",
            "content-encoding",
            "content-range",
            "authorization",
            "set-cookie",
            "cookie",
            "cache-control",
            "location",
            "www-authenticate",
            "vary");

    private void readAll(Iterable<Map.Entry<CharSequence, CharSequence>> from) throws HttpViolation {
        for (Map.Entry<CharSequence, CharSequence> entry : from) {
            String name = entry.getKey().toString();
            String value = entry.getValue().toString();
            bytes += name.length() + value.length() + 4;
            if (bytes > limits.headBytesMax()) throw new HttpViolation(431, "the head is too large");
            if (name.startsWith(":")) {
                pseudo(name, value);
            } else {
                regular(name, value);
            }
        }
        if (!cookies.isEmpty()) add("cookie", String.join("; ", cookies)); // RFC 9113 §8.2.3
    }

    private void pseudo(String name, String value) throws HttpViolation {
        if (regular) throw HttpViolation.bad("a pseudo-header behind a field");
        String before;
        switch (request ? name : name + "?") {
            case ":method" -> {
                before = method;
                method = value;
            }
            case ":scheme" -> {
                before = scheme;
                scheme = value;
            }
            case ":path" -> {
                before = path;
                path = value;
            }
            case ":authority" -> {
                before = authority;
                authority = value;
            }
            case ":status?" -> {
                before = status;
                status = value;
            }
            default -> throw HttpViolation.bad("an unknown pseudo-header");
        }
        if (before != null) throw HttpViolation.bad("a pseudo-header twice");
    }

    private void regular(String name, String value) throws HttpViolation {
        regular = true;
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c >= 'A' && c <= 'Z' || c == ':') throw HttpViolation.bad("a field name is not in lower case");
        }
        if (CONNECTION_SPECIFIC.contains(name)) throw HttpViolation.bad("a field that HTTP/2 does not know");
        if (name.equals("te") && !value.equals("trailers")) throw HttpViolation.bad("TE other than trailers");
        if (!value.isEmpty() && (isBlank(value.charAt(0)) || isBlank(value.charAt(value.length() - 1)))) {
            throw HttpViolation.bad("white space around a value");
        }
        if (name.equals("cookie")) {
            cookies.add(value);
        } else {
            add(name, value);
        }
    }

    private void add(String name, String value) throws HttpViolation {
        if (!Field.mayCarry(name)) throw HttpViolation.bad("a field name is not a token");
        byte[] line = (name + ":" + value).getBytes(StandardCharsets.ISO_8859_1);
        if (line.length != name.length() + 1 + value.length()) throw HttpViolation.bad("a value is not Latin-1");
        fields.add(line, line.length);
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }

    private RequestHead toRequest(boolean ended) throws HttpViolation {
        if (method == null || scheme == null || path == null) throw HttpViolation.bad("a pseudo-header is missing");
        byte[] name = method.getBytes(StandardCharsets.ISO_8859_1);
        if (name.length > METHOD_CHARS_MAX || !Grammar.isMethod(name, 0, name.length)) {
            throw HttpViolation.bad("the method is not an upper-case token");
        }
        if (method.equals("CONNECT") || method.equals("TRACE") || method.equals("TRACK")) {
            throw new HttpViolation(405, "the method " + method + " is not forwarded");
        }
        if (!scheme.equals("https")) throw HttpViolation.bad("a scheme other than the connection's");
        byte[] target = path.getBytes(StandardCharsets.ISO_8859_1);
        boolean form = path.startsWith("/") || path.equals("*") && method.equals("OPTIONS");
        if (!form || target.length != path.length() || !Grammar.isTarget(target, 0, target.length)) {
            throw HttpViolation.bad("the path has forbidden characters");
        }
        List<Field> endToEnd = fields.finish();
        BodyFraming framing = framing(ended);
        boolean continues = false;
        if (fields.expects > 0) {
            if (fields.expects > 1 || !fields.expect.equalsIgnoreCase("100-continue")) {
                throw new HttpViolation(417, "an expectation other than 100-continue");
            }
            continues = !ended;
        }
        return new RequestHead(
                method, path, authority(), true, endToEnd, framing, true, continues, false, false, bytes);
    }

    /// RFC 9113 §8.3.1: `:authority`, or `host` where a proxy made it of HTTP/1.1; both must say the same.
    private Authority authority() throws HttpViolation {
        if (fields.hosts > 1) throw HttpViolation.bad("more than one Host field");
        String named = authority == null ? fields.host : authority;
        Optional<Authority> parsed = named == null ? Optional.empty() : Authority.parse(named);
        if (parsed.isEmpty()) throw HttpViolation.bad("the authority is missing or malformed");
        if (authority != null && fields.host != null) {
            Optional<Authority> host = Authority.parse(fields.host);
            boolean same = host.isPresent()
                    && host.get().name().equals(parsed.get().name())
                    && host.get().address().equals(parsed.get().address())
                    && host.get().port().orElse(443) == parsed.get().port().orElse(443);
            if (!same) throw HttpViolation.bad("Host differs from :authority");
        }
        return parsed.get();
    }

    private BodyFraming framing(boolean ended) throws HttpViolation {
        OptionalLong length = fields.contentLength();
        if (ended && length.orElse(0) > 0) throw HttpViolation.bad("Content-Length without data");
        if (ended) return BodyFraming.NONE;
        return length.isEmpty() ? BodyFraming.CHUNKED : BodyFraming.length(length.getAsLong());
    }

    private ResponseHead toResponse(boolean ended, boolean toHead) throws HttpViolation {
        boolean digits = status != null && status.length() == 3 && status.chars().allMatch(c -> c >= '0' && c <= '9');
        int number = digits ? Integer.parseInt(status) : 0;
        if (number < 100 || number > 599 || number == 101) throw HttpViolation.bad("the status is malformed");
        List<Field> endToEnd = fields.finish();
        OptionalLong announced = OptionalLong.empty();
        BodyFraming framing = BodyFraming.NONE;
        if (toHead || number == 304) {
            announced = fields.contentLength();
        } else if (number >= 200 && number != 204) {
            framing = framing(ended);
        }
        return new ResponseHead(number, "", true, endToEnd, framing, announced, true, false);
    }
}
