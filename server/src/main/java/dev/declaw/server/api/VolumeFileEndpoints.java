package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.volumes.VolumeFile;
import dev.declaw.server.volumes.VolumeFiles;
import dev.declaw.server.volumes.VolumeLocks;
import dev.declaw.server.volumes.VolumePath;
import dev.declaw.server.volumes.Volumes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Files in volumes, and locks on them (wire-api 10.5 and 10.6).
final class VolumeFileEndpoints {
    private static final int COPY_BYTES = 64 * 1024;
    private static final int TOKEN_CHARS_MAX = 256;

    private final VolumeFiles files;
    private final VolumeLocks locks;

    VolumeFileEndpoints(Volumes volumes) {
        this.files = volumes.files();
        this.locks = volumes.locks();
    }

    private static String volume(HttpCall call) {
        return call.parameter("vid");
    }

    private static VolumePath path(HttpCall call) {
        return VolumePath.parse(call.query().path());
    }

    void write(HttpCall call) {
        if (call.bodyLength() > Volumes.UPLOAD_BYTES_MAX) throw tooLarge();
        try (InputStream body = new LimitedInput(call.bodyStream(), Volumes.UPLOAD_BYTES_MAX)) {
            VolumeFile row = files.write(call.owner(), volume(call), path(call), body, call.query().first("if_version"));
            ObjectNode answer = Json.object().put("path", row.path().text()).put("size", row.sizeBytes());
            call.json(200, answer.put("version", row.version()));
        } catch (LimitedInput.LimitException e) {
            throw tooLarge();
        } catch (IOException e) {
            throw new HttpCall.CallerGoneException(e);
        }
    }

    private static PlatformFailure tooLarge() {
        return new PlatformFailure.TooLarge("body_too_large", "the file is larger than " + Volumes.UPLOAD_BYTES_MAX + " bytes");
    }

    void read(HttpCall call) throws IOException {
        files.read(call.owner(), volume(call), path(call), (row, content) -> {
            call.start(200, "application/octet-stream");
            call.contentLength(row.sizeBytes());
            byte[] buffer = new byte[COPY_BYTES];
            for (int n = content.read(buffer); n >= 0; n = content.read(buffer)) {
                call.write(ByteBuffer.wrap(buffer, 0, n), false);
            }
            call.write(new byte[0], true);
        });
    }

    void list(HttpCall call) {
        VolumePath path = VolumePath.parse(call.query().given("path").orElse("/"));
        List<VolumeFile> rows = files.list(call.owner(), volume(call), path);
        ObjectNode answer = Json.object();
        ArrayNode entries = answer.putArray("entries");
        rows.forEach(row -> entries.add(entry(row)));
        answer.put("truncated", rows.size() == VolumeFiles.ENTRIES_MAX);
        call.json(200, answer);
    }

    private static ObjectNode entry(VolumeFile row) {
        ObjectNode node = Json.object();
        node.put("name", row.path().name());
        node.put("path", row.path().text());
        node.put("is_dir", row.directory());
        node.put("size", row.sizeBytes());
        node.put("mod_time", Json.timestamp(row.modified()));
        node.put("mode", row.mode());
        return node;
    }

    void info(HttpCall call) {
        VolumeFile row = files.info(call.owner(), volume(call), path(call));
        call.json(200, entry(row).put("version", row.version()));
    }

    void exists(HttpCall call) {
        call.json(200, Json.object().put("exists", files.find(call.owner(), volume(call), path(call)).isPresent()));
    }

    void remove(HttpCall call) {
        boolean removed = files.remove(call.owner(), volume(call), path(call), call.query().flag("recursive"));
        call.json(200, Json.object().put("removed", removed));
    }

    void rename(HttpCall call) {
        JsonBody body = call.body();
        String from = body.path("old_path");
        String to = body.path("new_path");
        files.rename(call.owner(), volume(call), VolumePath.parse(from), VolumePath.parse(to));
        call.json(200, Json.object().put("old_path", from).put("new_path", to));
    }

    void makeDirectory(HttpCall call) {
        String path = call.body().path("path");
        boolean created = files.makeDirectory(call.owner(), volume(call), VolumePath.parse(path));
        call.json(201, Json.object().put("path", path).put("created", created));
    }

    void lock(HttpCall call) {
        JsonBody body = call.body();
        VolumePath path = VolumePath.parse(body.path("path"));
        VolumeLocks.Lease lease = locks.acquire(call.owner(), volume(call), path, ttl(body));
        ObjectNode answer = Json.object().put("token", lease.token()).put("ttl_seconds", lease.ttlSeconds());
        call.json(201, answer.put("expires_at", Json.timestamp(lease.expires())));
    }

    /// 0 stands for the default: one client sends it (wire-api 10.6).
    private static int ttl(JsonBody body) {
        long seconds = body.wholeNumber("ttl_seconds").orElse(0L);
        if (seconds < 0 || seconds > VolumeLocks.TTL_SECONDS_MAX) {
            throw JsonBody.wrong("ttl_seconds", "must be from 1 to " + VolumeLocks.TTL_SECONDS_MAX);
        }
        return seconds == 0 ? VolumeLocks.TTL_SECONDS_DEFAULT : (int) seconds;
    }

    void unlock(HttpCall call) {
        JsonBody body = call.body();
        locks.release(
                call.owner(), volume(call), VolumePath.parse(body.path("path")), body.requiredText("token", TOKEN_CHARS_MAX));
        call.json(200, Json.object().put("released", true));
    }

    void renew(HttpCall call) {
        JsonBody body = call.body();
        int ttl = ttl(body);
        var expires = locks.renew(
                call.owner(), volume(call), VolumePath.parse(body.path("path")), body.requiredText("token", TOKEN_CHARS_MAX), ttl);
        ObjectNode answer = Json.object().put("renewed", true).put("ttl_seconds", ttl);
        call.json(200, answer.put("expires_at", Json.timestamp(expires)));
    }

    void lockStatus(HttpCall call) {
        Optional<Duration> held = locks.held(call.owner(), volume(call), path(call));
        ObjectNode answer = Json.object().put("held", held.isPresent());
        call.json(200, answer.put("expires_in_ms", held.map(Duration::toMillis).orElse(0L)));
    }
}
