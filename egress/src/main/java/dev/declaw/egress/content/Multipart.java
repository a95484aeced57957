package dev.declaw.egress.content;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/// Cuts a multipart body (RFC 2046 §5.1) at its delimiter lines and scans each stretch, heads, preamble and epilogue
/// included, on its own: text as text, other bytes as binary. A stretch that cannot be cut is only longer.
final class Multipart {
    private Multipart() {}

    /// @param latin1 the same bytes, one character each: the source that edits refer to
    /// @param boundary empty for a body that is scanned in one piece
    static void scan(byte[] body, String latin1, String boundary, PieceVisitor scan) {
        if (boundary.isEmpty()) {
            stretch(body, latin1, 0, body.length, scan);
            return;
        }
        String delimiter = "--" + boundary;
        int start = 0;
        int at = latin1.indexOf(delimiter);
        while (at >= 0) {
            stretch(body, latin1, start, at, scan);
            start = at + delimiter.length();
            at = latin1.indexOf(delimiter, start);
        }
        stretch(body, latin1, start, body.length, scan);
    }

    private static void stretch(byte[] body, String latin1, int start, int end, PieceVisitor scan) {
        if (end <= start) return;
        int bodyStart = latin1.indexOf("\r\n\r\n", start, end);
        if (bodyStart > 0) {
            piece(body, latin1, start, bodyStart, "", scan);
            piece(body, latin1, bodyStart, end, fieldName(latin1.substring(start, bodyStart)), scan);
        } else {
            piece(body, latin1, start, end, "", scan);
        }
    }

    private static void piece(byte[] body, String latin1, int start, int end, String key, PieceVisitor scan) {
        if (end <= start) return;
        Optional<String> text = View.utf8(body, start, end);
        if (text.isPresent()) scan.text(View.ofUtf8(text.get(), start), key);
        else scan.binary(latin1.substring(start, end));
    }

    private static String fieldName(String head) {
        String line = Arrays.stream(head.split("\r\n"))
                .filter(l -> l.regionMatches(true, 0, "content-disposition:", 0, 20))
                .findFirst()
                .orElse("");
        return new String(BodyText.parameter(line, "name").getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }
}
