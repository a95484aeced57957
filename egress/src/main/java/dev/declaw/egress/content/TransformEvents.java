package dev.declaw.egress.content;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/// Rewrites the events of a stream one by one; a match does not reach from one event into the next. The data of a
/// server-sent event is rewritten line by line: JSON as JSON, other text as text.
final class TransformEvents extends EventCutter {
    private static final String DATA = "data:";

    private final TransformStage stage;
    private final boolean lines;

    TransformEvents(TransformStage stage, boolean lines) {
        super(lines);
        this.stage = stage;
        this.lines = lines;
    }

    @Override
    boolean passes(byte[] begun) {
        return false;
    }

    @Override
    void event(byte[] bytes, Part part, ByteArrayOutputStream out) {
        if (part != Part.WHOLE) throw new UnreadableResponseException("an event too long to rewrite");
        String latin1 = new String(bytes, StandardCharsets.ISO_8859_1);
        int at = 0;
        while (at < latin1.length()) {
            int end = at;
            while (end < latin1.length() && latin1.charAt(end) != '\n' && latin1.charAt(end) != '\r') end++;
            int next = end;
            while (next < latin1.length() && (latin1.charAt(next) == '\n' || latin1.charAt(next) == '\r')) next++;
            line(bytes, at, end, latin1, out);
            out.write(bytes, end, next - end);
            at = next;
        }
    }

    private void line(byte[] bytes, int from, int to, String latin1, ByteArrayOutputStream out) {
        int data = from;
        if (!lines) {
            if (!latin1.startsWith(DATA, from)) {
                out.write(bytes, from, to - from);
                return;
            }
            data = from + DATA.length();
            if (data < to && latin1.charAt(data) == ' ') data++;
        }
        out.write(bytes, from, data - from);
        byte[] text = java.util.Arrays.copyOfRange(bytes, data, to);
        byte[] rewritten = stage.rewriteResponse(text, "");
        for (byte b : rewritten) {
            // A line end that a rule put into plain text would end the field; JSON has escapes instead.
            if (b == '\n' || b == '\r') throw new UnreadableResponseException("a rule made a line end within an event");
        }
        out.writeBytes(rewritten);
    }

    @Override
    void ended(ByteArrayOutputStream out) {
        // nothing is held back
    }
}
