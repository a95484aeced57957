package dev.declaw.egress.content;

import dev.declaw.model.policy.Reason;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// A request's body that goes through the edit stages as it comes, because it is too large to be held: UTF-8 text (JSON,
/// NDJSON, forms and the like) whose stages are all quick and change or count what they find. What leaves has been judged; the
/// same comes out whatever the segmentation. One thread at a time.
public final class BodyStream {
    /// Bodies up to this size are held and judged as a whole, by their format.
    public static final int HELD_BYTES_MAX = 512 * 1024;

    private final ContentRun run;
    private final List<Running> stages;
    private final CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder();
    /// Bytes of a character whose end has not come yet.
    private byte[] partial = {};

    private record Running(EditStage stage, StreamStage stream) {}

    private BodyStream(ContentRun run, List<Running> stages) {
        this.run = run;
        this.stages = stages;
    }

    /// @param begin the first bytes of the body, which are to be fed all the same
    static Optional<BodyStream> of(ContentRun run, List<EditStage> edits, String contentType, byte[] begin, String host) {
        String type = BodyWalk.mediaType(contentType);
        String charset = BodyText.parameter(contentType, "charset").toLowerCase(Locale.ROOT);
        boolean structured = type.startsWith("multipart/") || type.startsWith("application/grpc") || type.contains("protobuf");
        boolean plain = charset.isEmpty() || charset.equals("utf-8") || charset.equals("utf8") || charset.equals("us-ascii");
        if (structured || !plain || !utf8Text(begin)) return Optional.empty();
        boolean json = type.endsWith("json") || type.contains("ndjson") || type.contains("jsonl") || looksLikeJson(begin);
        boolean form = type.equals("application/x-www-form-urlencoded");
        StreamedText text = form ? StreamedText.FORM : json ? StreamedText.JSON : StreamedText.PLAIN;
        List<Running> stages = new ArrayList<>();
        for (EditStage stage : edits) {
            Optional<StreamStage> stream = stage.stream(text, host);
            if (stream.isEmpty()) return Optional.empty();
            stages.add(new Running(stage, stream.get()));
        }
        return Optional.of(new BodyStream(run, stages));
    }

    /// Text without a byte order mark or NULs; its last character may be cut.
    private static boolean utf8Text(byte[] begin) {
        if (begin.length > 2 && (begin[0] & 255) == 0xef && (begin[1] & 255) == 0xbb) return false;
        for (byte b : begin) {
            if (b == 0) return false;
        }
        return !StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(begin), CharBuffer.allocate(begin.length), false).isError();
    }

    private static boolean looksLikeJson(byte[] begin) {
        for (byte b : begin) {
            if (b > ' ') return b == '{' || b == '[' || b == '"';
        }
        return false;
    }

    /// @return what may leave now; whether anything may is to be asked from [#refused]
    public byte[] feed(byte[] bytes, boolean last) {
        String text = decode(bytes, last);
        for (Running running : stages) {
            if (run.refused().isPresent()) return new byte[0];
            text = run.streamed(running.stage, running.stream.feed(text, last));
        }
        return run.refused().isPresent() ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
    }

    private String decode(byte[] bytes, boolean last) {
        ByteBuffer in = ByteBuffer.wrap(ResponseRun.concat(partial, bytes));
        CharBuffer out = CharBuffer.allocate(in.remaining());
        CoderResult result = utf8.reset().decode(in, out, last);
        String text = out.flip().toString();
        if (result.isError() || text.indexOf('\0') >= 0) {
            run.refuse(Reason.UNDECODABLE_BODY, "");
            return "";
        }
        partial = new byte[in.remaining()];
        in.get(partial);
        return text;
    }

    /// Bytes that are kept until it is known what follows them, about.
    public long heldBytes() {
        long held = 0;
        for (Running running : stages) held += running.stream.heldChars();
        return held;
    }

    /// Why the rest of the body must not leave; what has left was judged, but must not look complete.
    public Optional<Reason> refused() {
        return run.refused();
    }
}
