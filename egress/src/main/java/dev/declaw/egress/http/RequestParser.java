package dev.declaw.egress.http;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/// Reads request heads of RFC 9112 from a connection's bytes, strictly: whatever two parsers could read differently is
/// refused, because a request that we and the origin understand differently is a way around the policy.
/// One per connection and one thread at a time; after an [HttpViolation] it must not be used again.
public final class RequestParser {
    private static final int METHOD_CHARS_MAX = 32;

    private final HeadLimits limits;
    private final boolean secure;
    private final LineReader lines = new LineReader();
    private FieldSection fields;
    private String method;
    private String target;
    private Authority absolute;
    private boolean http11;
    private int consumed;
    private boolean skippedEmptyLine;
    private String lastHost;
    private Authority lastAuthority;

    /// @param secure whether the bytes came out of TLS: an absolute-form target must have the matching scheme
    public RequestParser(HeadLimits limits, boolean secure) {
        this.limits = limits;
        this.secure = secure;
    }

    /// Takes bytes off the buffer up to the end of a head.
    ///
    /// @return the head, or null while it is not complete; what was not taken must be there again in the next call
    public RequestHead parse(ByteBuf in) throws HttpViolation {
        while (readLine(in)) {
            int length = lines.length();
            consumed += length + 2;
            if (method == null) {
                if (length == 0 && !skippedEmptyLine) { // RFC 9112 §2.2 asks for one
                    skippedEmptyLine = true;
                    continue;
                }
                readRequestLine(lines.bytes(), length);
                fields = new FieldSection(limits.fieldsMax());
            } else if (length > 0) {
                fields.add(lines.bytes(), length);
            } else {
                return finish();
            }
        }
        return null;
    }

    /// True when a head has begun, so that its deadline runs.
    public boolean begun() {
        return method != null || skippedEmptyLine;
    }

    private boolean readLine(ByteBuf in) throws HttpViolation {
        return lines.next(in, limits.headBytesMax() - consumed, TOO_LONG);
    }

    private static final HttpViolation TOO_LONG = new HttpViolation(431, "the request head is too large");

    private void readRequestLine(byte[] line, int length) throws HttpViolation {
        int methodEnd = indexOf(line, 0, length, (byte) ' ');
        if (methodEnd > METHOD_CHARS_MAX || !Grammar.isMethod(line, 0, methodEnd)) {
            throw HttpViolation.bad("the method is not an upper-case token");
        }
        int targetEnd = methodEnd + 1 > length ? length : indexOf(line, methodEnd + 1, length, (byte) ' ');
        if (methodEnd == length || targetEnd == length) throw HttpViolation.bad("the request line has not three parts");
        String version = text(line, targetEnd + 1, length);
        String name = text(line, 0, methodEnd);
        if (version.equals("HTTP/1.1")) {
            http11 = true;
        } else if (version.equals("HTTP/1.0")) {
            http11 = false;
        } else {
            throw new HttpViolation(505, "the version is neither HTTP/1.1 nor HTTP/1.0");
        }
        if (name.equals("CONNECT") || name.equals("TRACE") || name.equals("TRACK")) {
            throw new HttpViolation(405, "the method " + name + " is not forwarded");
        }
        if (!Grammar.isTarget(line, methodEnd + 1, targetEnd)) throw HttpViolation.bad("the target has forbidden characters");
        readTarget(name, text(line, methodEnd + 1, targetEnd));
        method = name;
    }

    private void readTarget(String methodName, String text) throws HttpViolation {
        absolute = null;
        if (text.charAt(0) == '/' || text.equals("*") && methodName.equals("OPTIONS")) {
            target = text;
            return;
        }
        String scheme = secure ? "https://" : "http://";
        if (!text.regionMatches(true, 0, scheme, 0, scheme.length())) {
            throw HttpViolation.bad("the target is neither origin-form nor absolute-form of this connection's scheme");
        }
        int end = scheme.length();
        while (end < text.length() && "/?".indexOf(text.charAt(end)) < 0) end++;
        absolute = Authority.parse(text.substring(scheme.length(), end))
                .orElseThrow(() -> HttpViolation.bad("the target's authority is malformed"));
        String rest = text.substring(end);
        target = rest.startsWith("/") ? rest : "/" + rest;
    }

    private RequestHead finish() throws HttpViolation {
        List<Field> endToEnd = fields.finish();
        if (fields.hosts != 1) throw HttpViolation.bad("not exactly one Host field");
        Authority authority = authority(fields.host);
        if (absolute != null && !sameAuthority(absolute, authority)) {
            throw HttpViolation.bad("Host differs from the absolute-form target");
        }
        BodyFraming framing = fields.framing(http11);
        boolean expectsContinue = false;
        if (fields.expects > 0) {
            if (fields.expects > 1 || !fields.expect.equalsIgnoreCase("100-continue")) {
                throw new HttpViolation(417, "an expectation other than 100-continue");
            }
            expectsContinue = http11 && framing != null;
        }
        RequestHead head = new RequestHead(
                method,
                target,
                authority,
                http11,
                endToEnd,
                framing == null ? BodyFraming.NONE : framing,
                http11 && !fields.connectionNames("close"),
                expectsContinue,
                fields.websocket,
                fields.websocketOnly(),
                consumed);
        method = null;
        fields = null;
        consumed = 0;
        skippedEmptyLine = false;
        return head;
    }

    private Authority authority(String host) throws HttpViolation {
        if (!host.equals(lastHost)) {
            Optional<Authority> parsed = Authority.parse(host);
            if (parsed.isEmpty()) throw HttpViolation.bad("the Host field is malformed");
            lastAuthority = parsed.get();
            lastHost = host;
        }
        return lastAuthority;
    }

    private boolean sameAuthority(Authority a, Authority b) {
        int standard = secure ? 443 : 80;
        return a.name().equals(b.name())
                && a.address().equals(b.address())
                && a.port().orElse(standard) == b.port().orElse(standard);
    }

    private static int indexOf(byte[] line, int from, int to, byte wanted) {
        int at = from;
        while (at < to && line[at] != wanted) at++;
        return at;
    }

    private static String text(byte[] line, int from, int to) {
        return new String(line, from, to - from, StandardCharsets.ISO_8859_1);
    }
}
