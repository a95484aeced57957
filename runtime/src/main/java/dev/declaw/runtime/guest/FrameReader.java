package dev.declaw.runtime.guest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Optional;

/// Reads the frames of an event stream, of a process or of a watched directory: type, length (big endian), payload
/// (protocol/guest.md). A frame over its limit or of an unknown type ends the stream with a failure.
final class FrameReader {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int HEAD_BYTES = 5;
    private static final int CONTROL_BYTES_MAX = 1024;
    private static final int PID_MAX = 4_194_304;
    private static final int CHANGE = 7;

    /// What a JSON number carries exactly for every client (2^53).
    private static final long OFFSET_MAX = 1L << 53;

    private final InputStream in;

    FrameReader(InputStream in) {
        this.in = in;
    }

    sealed interface Frame {
        record Stdout(byte[] bytes) implements Frame {}

        record Stderr(byte[] bytes) implements Frame {}

        record Exit(int exitCode, boolean timedOut, boolean truncated) implements Frame {}

        record KeepAlive() implements Frame {}

        record Started(int pid) implements Frame {}

        /// @param bytes of both outputs that come before what follows
        record Offset(long bytes) implements Frame {}

        record Changed(FileChange change) implements Frame {}

        record WatchEnd() implements Frame {}
    }

    Frame next() throws IOException {
        byte[] head = exactly(HEAD_BYTES);
        int type = head[0];
        long length = Integer.toUnsignedLong(ByteBuffer.wrap(head).getInt(1));
        boolean large = type == 1 || type == 2 || type == CHANGE;
        if (length > (large ? WireLimits.FRAME_BYTES_MAX : CONTROL_BYTES_MAX)) {
            throw new GuestProtocolException("a frame that is too long");
        }
        byte[] payload = exactly((int) length);
        return switch (type) {
            case 1 -> new Frame.Stdout(payload);
            case 2 -> new Frame.Stderr(payload);
            case 3 -> exit(JSON.readTree(payload));
            case 4 -> new Frame.KeepAlive();
            case 5 -> new Frame.Started(pid(JSON.readTree(payload).path("pid")));
            case 6 -> new Frame.Offset(offset(JSON.readTree(payload).path("offset")));
            case CHANGE -> new Frame.Changed(change(JSON.readTree(payload)));
            case 8 -> new Frame.WatchEnd();
            default -> throw new GuestProtocolException("a frame of an unknown type");
        };
    }

    static int pid(JsonNode value) throws GuestProtocolException {
        if (!value.isInt() || value.intValue() < 1 || value.intValue() > PID_MAX) {
            throw new GuestProtocolException("not a process id");
        }
        return value.intValue();
    }

    private static long offset(JsonNode value) throws GuestProtocolException {
        if (!value.isIntegralNumber() || value.longValue() < 0 || value.longValue() > OFFSET_MAX) {
            throw new GuestProtocolException("not an offset");
        }
        return value.longValue();
    }

    private static FileChange change(JsonNode json) throws GuestProtocolException {
        FileChange.Type type = FileChange.Type.of(json.path("type").asText())
                .orElseThrow(() -> new GuestProtocolException("a change of an unknown type"));
        Optional<String> oldPath =
                json.has("old_path") ? Optional.of(EntryReader.text(json.path("old_path"))) : Optional.empty();
        return new FileChange(type, EntryReader.text(json.path("path")), oldPath, json.path("dir").asBoolean());
    }

    private static Frame exit(JsonNode json) throws GuestProtocolException {
        JsonNode code = json.path("exit_code");
        if (!code.isInt() || code.intValue() < 0 || code.intValue() > 255) {
            throw new GuestProtocolException("not an exit code");
        }
        return new Frame.Exit(
                code.intValue(),
                json.path("timed_out").asBoolean(),
                json.path("truncated").asBoolean());
    }

    private byte[] exactly(int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new GuestProtocolException("the event stream ended early");
        }
        return bytes;
    }
}
