package dev.declaw.runtime.guest;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

/// Status line and headers of a response (RFC 9112), of which exactly one framing is accepted: `Content-Length` or
/// `Transfer-Encoding: chunked`, never both, never until the end of the connection.
///
/// @param status 200 to 599, or 101 where an upgrade was asked for
/// @param contentLength bytes of the body; empty when it is chunked
/// @param reusable whether another request may follow on the connection
record HttpHead(int status, OptionalLong contentLength, boolean reusable) {
    static final int SWITCHED = 101;

    static HttpHead read(InputStream in) throws IOException {
        return read(in, false);
    }

    /// @param mayUpgrade whether 101 is an answer that was asked for
    static HttpHead read(InputStream in, boolean mayUpgrade) throws IOException {
        Lines lines = new Lines(in);
        int status = status(lines.next(), mayUpgrade);
        Map<String, String> headers = new HashMap<>();
        for (String line = lines.next(); !line.isEmpty(); line = lines.next()) {
            int colon = line.indexOf(':');
            if (colon < 1 || !line.substring(0, colon).matches("[A-Za-z0-9-]+")) {
                throw new GuestProtocolException("malformed header");
            }
            if (headers.size() == WireLimits.HEADERS_MAX
                    || headers.put(
                                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                                    line.substring(colon + 1).strip())
                            != null) {
                throw new GuestProtocolException("too many headers, or one of them twice");
            }
        }
        OptionalLong length = status == SWITCHED ? OptionalLong.of(0) : framing(headers);
        return new HttpHead(status, length, !"close".equalsIgnoreCase(headers.get("connection")));
    }

    private static int status(String line, boolean mayUpgrade) throws GuestProtocolException {
        boolean upgraded = mayUpgrade && line.matches("HTTP/1\\.1 101( .*)?");
        if (!upgraded && !line.matches("HTTP/1\\.1 [2-5][0-9][0-9]( .*)?")) {
            throw new GuestProtocolException("malformed status line");
        }
        return Integer.parseInt(line.substring(9, 12));
    }

    private static OptionalLong framing(Map<String, String> headers) throws GuestProtocolException {
        String length = headers.get("content-length");
        String coding = headers.get("transfer-encoding");
        if (coding != null) {
            if (length != null || !coding.equalsIgnoreCase("chunked")) {
                throw new GuestProtocolException("ambiguous body length");
            }
            return OptionalLong.empty();
        }
        if (length == null || !length.matches("[0-9]{1,15}")) {
            throw new GuestProtocolException("missing or malformed body length");
        }
        return OptionalLong.of(Long.parseLong(length));
    }

    /// Lines of a head, which is bounded as a whole.
    private static final class Lines {
        private final InputStream in;
        private int left = WireLimits.HEAD_BYTES_MAX;

        Lines(InputStream in) {
            this.in = in;
        }

        String next() throws IOException {
            StringBuilder line = new StringBuilder();
            while (true) {
                int octet = in.read();
                if (octet < 0) {
                    throw new GuestProtocolException("the connection ended inside a head");
                }
                if (--left < 0) {
                    throw new GuestProtocolException(
                            "a head of more than " + WireLimits.HEAD_BYTES_MAX + " bytes");
                }
                if (octet == '\r') {
                    if (in.read() != '\n') {
                        throw new GuestProtocolException("a bare CR in a head");
                    }
                    return line.toString();
                }
                if (octet < 0x20 && octet != '\t' || octet >= 0x7f) {
                    throw new GuestProtocolException("a control or non-ASCII character in a head");
                }
                line.append((char) octet);
            }
        }
    }

    /// The bytes of a request's head.
    static byte[] request(String method, String target, Map<String, String> headers) {
        StringBuilder text = new StringBuilder(method).append(' ').append(target).append(" HTTP/1.1\r\nHost: guest\r\n");
        headers.forEach((name, value) -> {
            if (value.chars().anyMatch(character -> character < 0x20 || character > 0x7e)) {
                throw new IllegalArgumentException("a header value is printable ASCII");
            }
            text.append(name).append(": ").append(value).append("\r\n");
        });
        return text.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII);
    }
}
