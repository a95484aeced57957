package dev.declaw.egress.http;

import io.netty.buffer.ByteBuf;
import java.util.List;

/// Writes heads in their one canonical form: CRLF, one `Host`, and either one Content-Length or `chunked`. Nothing of the
/// bytes that came in is copied; everything is formed from parsed values. One thread at a time.
public final class HeadWriter {
    private byte[] bytes = new byte[1024];
    private int length;

    /// @param host canonical host, with the port where it is not the scheme's default
    public void request(String method, String target, String host, List<Field> fields, BodyFraming framing, ByteBuf out) {
        length = 0;
        append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ").append(host).append("\r\n");
        fields(fields);
        // A length of zero is said where a body is usual (RFC 9110 §8.6).
        boolean sayZero = framing == BodyFraming.NONE && !method.equals("GET") && !method.equals("HEAD");
        framing(framing, sayZero);
        end(out);
    }

    /// @param close adds `Connection: close`
    /// @param announcedLength Content-Length of a response that has no body of its own; negative for none
    public void response(
            int status,
            String reason,
            List<Field> fields,
            BodyFraming framing,
            long announcedLength,
            boolean close,
            ByteBuf out) {
        length = 0;
        append("HTTP/1.1 ").append(Integer.toString(status)).append(" ").append(reason).append("\r\n");
        fields(fields);
        if (announcedLength >= 0) {
            append("Content-Length: ").append(Long.toString(announcedLength)).append("\r\n");
        } else {
            framing(framing, framing == BodyFraming.NONE && status >= 200 && status != 204 && status != 304);
        }
        if (close) append("Connection: close\r\n");
        end(out);
    }

    private void fields(List<Field> fields) {
        for (int i = 0; i < fields.size(); i++) {
            Field field = fields.get(i);
            append(field.name()).append(": ").append(field.value()).append("\r\n");
        }
    }

    private void framing(BodyFraming framing, boolean sayZero) {
        switch (framing) {
            case BodyFraming.Length known ->
                append("Content-Length: ").append(Long.toString(known.bytes())).append("\r\n");
            case BodyFraming.Chunked _ -> append("Transfer-Encoding: chunked\r\n");
            case BodyFraming.None _ -> {
                if (sayZero) append("Content-Length: 0\r\n");
            }
            case BodyFraming.UntilClose _ -> {}
        }
    }

    @SuppressWarnings("deprecation") // the one copy without a charset lookup; every char here is Latin-1
    private HeadWriter append(String text) {
        int size = text.length();
        if (length + size > bytes.length) bytes = java.util.Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + size));
        text.getBytes(0, size, bytes, length);
        length += size;
        return this;
    }

    private void end(ByteBuf out) {
        append("\r\n");
        out.writeBytes(bytes, 0, length);
        if (bytes.length > 16 * 1024) bytes = new byte[1024];
    }
}
