package dev.declaw.egress.http;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.Set;

/// The field lines of one message on their way in: each is checked as it comes, and those that concern the hop are kept
/// apart from those that go on. One thread at a time.
final class FieldSection {
    /// Fields that no client may have us drop by naming them in `Connection` (hop-by-hop stripping attacks).
    private static final Set<String> NOT_HOP_BY_HOP = Set.of(
            "host",
            "authorization",
            "content-length",
            "transfer-encoding",
            "content-type",
            "content-encoding",
            "cookie",
            "expect");

    private final int fieldsMax;
    private List<Field> endToEnd = new ArrayList<>(16);
    private int count;
    String host;
    int hosts;
    String expect;
    int expects;
    boolean websocket;
    private String upgrade;
    private int upgrades;
    private String contentLength;
    private int contentLengths;
    private String transferEncoding;
    private int transferEncodings;
    private List<String> connection = List.of();

    FieldSection(int fieldsMax) {
        this.fieldsMax = fieldsMax;
    }

    /// Reads one line without its CRLF.
    void add(byte[] line, int length) throws HttpViolation {
        if (++count > fieldsMax) throw new HttpViolation(431, "too many header fields");
        int colon = 0;
        while (colon < length && line[colon] != ':') colon++;
        if (colon == length) throw HttpViolation.bad("a header line has no colon");
        if (!Grammar.isToken(line, 0, colon)) throw HttpViolation.bad("a header name is not a token, or the line is folded");
        int from = colon + 1;
        int to = length;
        while (from < to && isBlank(line[from])) from++;
        while (to > from && isBlank(line[to - 1])) to--;
        if (!Grammar.isText(line, from, to)) throw HttpViolation.bad("a header value has control characters");
        String name = new String(line, 0, colon, StandardCharsets.ISO_8859_1);
        String value = new String(line, from, to - from, StandardCharsets.ISO_8859_1);
        if (!takeForHop(name, value)) endToEnd.add(new Field(name, value));
    }

    /// The fields that go on to the other side.
    List<Field> finish() throws HttpViolation {
        for (String named : connection) {
            if (NOT_HOP_BY_HOP.contains(named)) throw HttpViolation.bad("Connection names a field that is end-to-end");
            endToEnd.removeIf(field -> field.is(named));
        }
        return endToEnd;
    }

    boolean connectionNames(String option) {
        return connection.contains(option);
    }

    /// Whether the message asks for, or agrees to, WebSocket and nothing else (RFC 9110 §7.8).
    boolean websocketOnly() {
        return upgrades == 1 && upgrade.equalsIgnoreCase("websocket") && connectionNames("upgrade");
    }

    /// Framing by RFC 9112 §6.3, without its leniencies: both fields, a repeated one or a list is an error.
    /// Null when neither is there.
    BodyFraming framing(boolean http11) throws HttpViolation {
        if (transferEncodings > 0) {
            if (contentLengths > 0) throw HttpViolation.bad("Content-Length beside Transfer-Encoding");
            if (!http11) throw HttpViolation.bad("Transfer-Encoding in HTTP/1.0");
            if (transferEncodings > 1 || !transferEncoding.equalsIgnoreCase("chunked")) {
                throw HttpViolation.bad("a Transfer-Encoding other than chunked");
            }
            return BodyFraming.CHUNKED;
        }
        OptionalLong length = contentLength();
        return length.isEmpty() ? null : BodyFraming.length(length.getAsLong());
    }

    OptionalLong contentLength() throws HttpViolation {
        if (contentLengths == 0) return OptionalLong.empty();
        String text = contentLength;
        int digits = text.length();
        if (contentLengths > 1 || digits == 0 || digits > 18 || digits > 1 && text.charAt(0) == '0') {
            throw HttpViolation.bad("Content-Length is not one plain number");
        }
        long value = 0;
        for (int i = 0; i < digits; i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') throw HttpViolation.bad("Content-Length is not one plain number");
            value = value * 10 + (c - '0');
        }
        return OptionalLong.of(value);
    }

    private boolean takeForHop(String name, String value) throws HttpViolation {
        // By length first: most fields are decided by one comparison of numbers.
        switch (name.length()) {
            case 2 -> {
                return name.equalsIgnoreCase("TE");
            }
            case 4 -> {
                if (!name.equalsIgnoreCase("Host")) return false;
                host = value;
                hosts++;
                return true;
            }
            case 6 -> {
                if (!name.equalsIgnoreCase("Expect")) return false;
                expect = value;
                expects++;
                return true;
            }
            case 7 -> {
                if (name.equalsIgnoreCase("Upgrade")) {
                    websocket |= value.toLowerCase(Locale.ROOT).contains("websocket");
                    upgrade = value;
                    upgrades++;
                    return true;
                }
                // Alt-Svc (RFC 7838) invites clients to QUIC, which no sandbox can reach.
                return name.equalsIgnoreCase("Trailer") || name.equalsIgnoreCase("Alt-Svc");
            }
            case 10 -> {
                if (name.equalsIgnoreCase("Connection")) {
                    readConnection(value);
                    return true;
                }
                return name.equalsIgnoreCase("Keep-Alive");
            }
            case 14 -> {
                if (name.equalsIgnoreCase("HTTP2-Settings")) return true;
                if (!name.equalsIgnoreCase("Content-Length")) return false;
                contentLength = value;
                contentLengths++;
                return true;
            }
            case 17 -> {
                if (!name.equalsIgnoreCase("Transfer-Encoding")) return isProxyField(name);
                transferEncoding = value;
                transferEncodings++;
                return true;
            }
            default -> {
                return isProxyField(name);
            }
        }
    }

    private static boolean isProxyField(String name) {
        return name.regionMatches(true, 0, "Proxy-", 0, 6);
    }

    private void readConnection(String value) throws HttpViolation {
        if (connection.isEmpty()) connection = new ArrayList<>(2);
        for (String part : value.split(",", -1)) {
            String option = part.strip().toLowerCase(Locale.ROOT);
            if (option.isEmpty()) continue;
            byte[] bytes = option.getBytes(StandardCharsets.ISO_8859_1);
            if (!Grammar.isToken(bytes, 0, bytes.length)) throw HttpViolation.bad("Connection is not a list of tokens");
            connection.add(option);
        }
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    static String joined(List<Field> fields, String name) {
        String joined = "";
        for (int i = 0; i < fields.size(); i++) {
            Field field = fields.get(i);
            if (field.is(name)) joined = joined.isEmpty() ? field.value() : joined + ", " + field.value();
        }
        return joined;
    }
}
