package dev.declaw.egress.http;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalLong;

/// Reads response heads of RFC 9112 from an upstream connection, as strictly as requests are read.
/// One per connection and one thread at a time; after an [HttpViolation] it must not be used again.
public final class ResponseParser {
    private static final HttpViolation TOO_LONG = new HttpViolation(502, "the response head is too large");

    private final HeadLimits limits;
    private final LineReader lines = new LineReader();
    private FieldSection fields;
    private int status;
    private String reason;
    private boolean http11;
    private int consumed;

    public ResponseParser(HeadLimits limits) {
        this.limits = limits;
    }

    /// Takes bytes off the buffer up to the end of a head.
    ///
    /// @param toHead whether the request's method was HEAD, so that no body follows
    /// @return the head, or null while it is not complete; what was not taken must be there again in the next call
    public ResponseHead parse(ByteBuf in, boolean toHead) throws HttpViolation {
        while (lines.next(in, limits.headBytesMax() - consumed, TOO_LONG)) {
            int length = lines.length();
            consumed += length + 2;
            if (fields == null) {
                readStatusLine(lines.bytes(), length);
                fields = new FieldSection(limits.fieldsMax());
            } else if (length > 0) {
                fields.add(lines.bytes(), length);
            } else {
                return finish(toHead);
            }
        }
        return null;
    }

    private void readStatusLine(byte[] line, int length) throws HttpViolation {
        boolean shape = length >= 12
                && line[8] == ' '
                && isDigit(line[9])
                && isDigit(line[10])
                && isDigit(line[11])
                && (length == 12 || line[12] == ' ');
        if (!shape) throw HttpViolation.bad("the status line is malformed");
        String version = new String(line, 0, 8, StandardCharsets.ISO_8859_1);
        http11 = version.equals("HTTP/1.1");
        if (!http11 && !version.equals("HTTP/1.0")) throw HttpViolation.bad("the response is not HTTP/1.1");
        status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + line[11] - '0';
        if (status < 100 || status > 599) throw HttpViolation.bad("the status is out of range");
        int from = Math.min(13, length);
        if (!Grammar.isText(line, from, length)) throw HttpViolation.bad("the reason phrase has control characters");
        reason = new String(line, from, length - from, StandardCharsets.ISO_8859_1);
    }

    private ResponseHead finish(boolean toHead) throws HttpViolation {
        List<Field> endToEnd = fields.finish();
        BodyFraming framing = fields.framing(http11);
        OptionalLong announced = OptionalLong.empty();
        if (toHead || status == 304) {
            announced = fields.contentLength();
            framing = BodyFraming.NONE;
        } else if (status < 200 || status == 204) {
            // RFC 9110 §8.6 forbids both fields here; a peer that sends them may mean a body that we would not see.
            if (framing != null && framing != BodyFraming.NONE) throw HttpViolation.bad("a body where none may be");
            framing = BodyFraming.NONE;
        } else if (framing == null) {
            framing = BodyFraming.UNTIL_CLOSE;
        }
        boolean keepAlive = http11 && !fields.connectionNames("close") && framing != BodyFraming.UNTIL_CLOSE;
        ResponseHead head = new ResponseHead(status, reason, http11, endToEnd, framing, announced, keepAlive, fields.websocketOnly());
        fields = null;
        consumed = 0;
        return head;
    }

    private static boolean isDigit(byte b) {
        return b >= '0' && b <= '9';
    }
}
