package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.volumes.Volumes;
import dev.declaw.server.volumes.Volumes.Volume;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.nio.ByteBuffer;

/// Volumes as wholes (wire-api 10.3 and 10.4). Archives stream through in constant memory.
final class VolumeEndpoints {
    static final int NAME_CHARS_MAX = 256;

    private final Volumes volumes;

    VolumeEndpoints(Volumes volumes) {
        this.volumes = volumes;
    }

    /// With a body a filled volume, without one an empty one: the length decides, not the content type (wire-api 10.3).
    void create(HttpCall call) throws IOException {
        String name = name(call);
        long quota = quota(call);
        boolean tarball = tarball(call);
        if (call.bodyLength() == 0) {
            createEmpty(call, name, quota, tarball);
            return;
        }
        refuseTooLarge(call);
        try (PushbackInputStream body = new PushbackInputStream(limited(call))) {
            int first = firstByte(body);
            if (first < 0) {
                createEmpty(call, name, quota, tarball);
                return;
            }
            body.unread(first);
            if (tarball) call.json(201, json(volumes.createTarball(call.caller(), name, quota, body)));
            else fill(call, name, quota, body);
        } catch (LimitedInput.LimitException e) {
            throw tooLarge();
        }
    }

    private static int firstByte(InputStream body) {
        try {
            return body.read();
        } catch (IOException e) {
            throw new HttpCall.CallerGoneException(e);
        }
    }

    private void createEmpty(HttpCall call, String name, long quota, boolean tarball) {
        if (tarball) throw JsonBody.wrong("the body", "is empty; a volume with backend=tarball is made from an archive");
        call.json(201, json(volumes.create(call.caller(), name, quota)));
    }

    private void fill(HttpCall call, String name, long quota, InputStream body) throws IOException {
        Volumes.Filled filled = volumes.ingest(call.caller(), name, quota, body);
        call.json(201, json(filled.volume()).put("dropped_entries", filled.dropped()));
    }

    void createEmpty(HttpCall call) {
        call.json(201, json(volumes.create(call.caller(), name(call), quota(call))));
    }

    void ingest(HttpCall call) throws IOException {
        String name = name(call);
        long quota = quota(call);
        refuseTooLarge(call);
        try (InputStream body = limited(call)) {
            fill(call, name, quota, body);
        } catch (LimitedInput.LimitException e) {
            throw tooLarge();
        }
    }

    private static InputStream limited(HttpCall call) {
        return new LimitedInput(call.bodyStream(), Volumes.UPLOAD_BYTES_MAX);
    }

    private static void refuseTooLarge(HttpCall call) {
        if (call.bodyLength() > Volumes.UPLOAD_BYTES_MAX) throw tooLarge();
    }

    private static PlatformFailure tooLarge() {
        return new PlatformFailure.TooLarge(
                "body_too_large", "the archive is larger than " + Volumes.UPLOAD_BYTES_MAX + " bytes");
    }

    private static String name(HttpCall call) {
        String name = call.query().given("name").orElseThrow(() -> JsonBody.wrong("name", "is missing"));
        if (name.length() > NAME_CHARS_MAX) throw JsonBody.wrong("name", "is longer than " + NAME_CHARS_MAX + " characters");
        return name;
    }

    /// An addition of ours.
    private static long quota(HttpCall call) {
        return call.query().given("quota_bytes").map(text -> Query.parse("quota_bytes", text, 0, 1L << 50)).orElse(0L);
    }

    /// An addition of ours: official clients leave the choice to the server.
    private static boolean tarball(HttpCall call) {
        String backend = call.query().given("backend").orElse(Volumes.FILE_GRANULAR);
        return switch (backend) {
            case Volumes.TARBALL -> true;
            case Volumes.FILE_GRANULAR -> false;
            default -> throw JsonBody.wrong("backend", "must be " + Volumes.FILE_GRANULAR + " or " + Volumes.TARBALL);
        };
    }

    void list(HttpCall call) {
        ObjectNode answer = Json.object();
        ArrayNode list = answer.putArray("volumes");
        volumes.list(call.owner()).forEach(volume -> list.add(json(volume)));
        call.json(200, answer);
    }

    void get(HttpCall call) {
        call.json(200, json(volumes.get(call.owner(), call.parameter("vid"))));
    }

    /// Succeeds for one that is not there: a repeated call must not fail (wire-api 10.4).
    void delete(HttpCall call) {
        call.json(200, Json.object().put("deleted", volumes.delete(call.caller(), call.parameter("vid"))));
    }

    void download(HttpCall call) throws IOException {
        Volume volume = volumes.get(call.owner(), call.parameter("vid"));
        call.start(200, "application/gzip");
        if (volume.backend().equals(Volumes.TARBALL)) call.contentLength(volume.sizeBytes());
        volumes.download(call.owner(), volume.id(), new CallOutput(call));
        call.write(new byte[0], true);
    }

    /// The body of an answer, for code that writes streams.
    private static final class CallOutput extends OutputStream {
        private final HttpCall call;

        CallOutput(HttpCall call) {
            this.call = call;
        }

        @Override
        public void write(int value) {
            call.write(new byte[] {(byte) value}, false);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            call.write(ByteBuffer.wrap(bytes, offset, length), false);
        }
    }

    /// The volume object (wire-api 10.1).
    static ObjectNode json(Volume volume) {
        ObjectNode node = Json.object();
        node.put("volume_id", volume.id());
        node.put("owner_id", volume.owner());
        node.put("name", volume.name());
        node.put("blob_key", "");
        node.put("size_bytes", volume.sizeBytes());
        node.put("files", volume.files());
        node.put("content_type", volume.contentType());
        node.putObject("metadata");
        node.put("created_at", Json.timestamp(volume.created()));
        node.put("updated_at", Json.timestamp(volume.updated()));
        node.put("backend", volume.backend());
        node.put("quota_bytes", volume.quotaBytes());
        return node;
    }
}
