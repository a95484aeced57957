package dev.declaw.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.GuestClient.FileContent;
import dev.declaw.runtime.guest.GuestClient.FileEntry;
import dev.declaw.server.lifecycle.LiveSandbox;
import dev.declaw.server.lifecycle.Sandboxes;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Files in a sandbox (wire-api 7). Contents stream through with constant memory and are never recorded.
final class FileEndpoints {
    /// More than a sandbox's disk takes; content streams through, so it costs no memory.
    static final long RAW_BYTES_MAX = 64L * 1024 * 1024 * 1024;

    private static final long MODIFIED_MILLIS_MAX = Instant.parse("9999-12-31T23:59:59Z").toEpochMilli();

    private static final int COPY_BYTES = 256 * 1024;
    private static final int DEPTH_MAX = 64;
    private static final int BATCH_MAX = 1000;
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String BINARY = "application/octet-stream";

    private final Sandboxes sandboxes;

    FileEndpoints(Sandboxes sandboxes) {
        this.sandboxes = sandboxes;
    }

    void read(HttpCall call) {
        String accept = call.header("Accept");
        send(call, accept != null && accept.contains(BINARY) ? BINARY : TEXT);
    }

    void readRaw(HttpCall call) {
        send(call, BINARY);
    }

    private void send(HttpCall call, String contentType) {
        String path = call.query().path();
        String user = user(call);
        with(call, sandbox -> {
            record(sandbox, "file_read", path, user);
            try (FileContent content = sandbox.guest().read(path, user)) {
                call.start(200, contentType);
                if (content.sizeBytes() >= 0) call.contentLength(content.sizeBytes());
                copy(content, call);
            } catch (IOException e) {
                throw new PlatformFailure.GuestUnreachable("the file could not be read to its end", e);
            }
        });
    }

    /// A guest that sends less than it announced ends in a broken connection, never in a short file that looks whole.
    private static void copy(FileContent content, HttpCall call) throws IOException {
        byte[] buffer = new byte[COPY_BYTES];
        long left = content.sizeBytes() >= 0 ? content.sizeBytes() : Long.MAX_VALUE;
        int n;
        while (left > 0 && (n = content.stream().read(buffer, 0, (int) Math.min(left, buffer.length))) >= 0) {
            call.write(ByteBuffer.wrap(buffer, 0, n), false);
            left -= n;
        }
        if (content.sizeBytes() >= 0 && left > 0) throw new IOException("the guest sent less than it announced");
        call.write(new byte[0], true);
    }

    void write(HttpCall call) {
        JsonBody body = call.body();
        String path = body.path("path");
        byte[] data = body.requiredText("data", HttpCall.JSON_BYTES_MAX).getBytes(StandardCharsets.UTF_8);
        String user = user(body);
        with(call, sandbox -> call.json(200, write(sandbox, path, user, data)));
    }

    private static ObjectNode write(LiveSandbox sandbox, String path, String user, byte[] data) {
        record(sandbox, "file_written", path, user);
        try {
            return written(path, sandbox.guest().write(path, user, new ByteArrayInputStream(data)));
        } catch (IOException e) {
            throw new PlatformFailure.GuestUnreachable("the file could not be written", e);
        }
    }

    private static ObjectNode written(String path, long bytes) {
        return Json.object().put("path", path).put("size", bytes);
    }

    void writeRaw(HttpCall call) {
        String path = call.query().path();
        String user = user(call);
        if (call.bodyLength() > RAW_BYTES_MAX) throw tooLarge();
        with(call, sandbox -> {
            record(sandbox, "file_written", path, user);
            try (InputStream body = new LimitedInput(call.bodyStream(), RAW_BYTES_MAX)) {
                call.json(200, written(path, sandbox.guest().write(path, user, body)));
            } catch (LimitedInput.LimitException e) {
                throw tooLarge();
            } catch (IOException e) {
                throw new HttpCall.CallerGoneException(e);
            }
        });
    }

    private static PlatformFailure tooLarge() {
        return new PlatformFailure.TooLarge("body_too_large", "the file is larger than " + RAW_BYTES_MAX + " bytes");
    }

    void writeBatch(HttpCall call) {
        JsonBody body = call.body();
        JsonNode files = body.node("files").orElseThrow(() -> JsonBody.wrong("files", "is missing"));
        if (!files.isArray()) throw JsonBody.wrong("files", "must be an array");
        if (files.size() > BATCH_MAX) {
            throw new PlatformFailure.TooLarge("too_many_files", "files has more than " + BATCH_MAX + " entries");
        }
        record Item(String path, String user, byte[] data) {}
        List<Item> items = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            JsonBody file = JsonBody.of("files[" + i + "]", files.get(i));
            String user = file.node("username").isPresent() ? user(file) : user(body); // one client names it per file
            byte[] data = file.requiredText("data", HttpCall.JSON_BYTES_MAX).getBytes(StandardCharsets.UTF_8);
            items.add(new Item(file.path("path"), user, data));
        }
        with(call, sandbox -> {
            ArrayNode answer = Json.array();
            for (Item item : items) answer.add(write(sandbox, item.path(), item.user(), item.data()));
            call.json(200, answer);
        });
    }

    void list(HttpCall call) {
        String path = call.query().path();
        int depth = call.query().number("depth", 1, 1, DEPTH_MAX);
        String user = user(call);
        with(call, sandbox -> {
            record(sandbox, "directory_listed", path, user);
            ArrayNode list = Json.array();
            for (FileEntry entry : sandbox.guest().list(path, user, depth)) list.add(entry(entry, entry.path()));
            call.json(200, list);
        });
    }

    void exists(HttpCall call) {
        String path = call.query().path();
        String user = user(call);
        with(call, sandbox -> call.json(200, Json.object().put("exists", sandbox.guest().exists(path, user))));
    }

    void info(HttpCall call) {
        String path = call.query().path();
        String user = user(call);
        with(call, sandbox -> call.json(200, entry(sandbox.guest().info(path, user), path)));
    }

    void remove(HttpCall call) {
        String path = call.query().pathOfRemoval();
        String user = CommandRequest.user("username", call.query().userOfRemoval());
        with(call, sandbox -> {
            record(sandbox, "file_removed", path, user);
            sandbox.guest().remove(path, user);
            call.json(200, Json.object());
        });
    }

    void rename(HttpCall call) {
        JsonBody body = call.body();
        String from = body.path("old_path");
        String to = body.path("new_path");
        String user = user(body);
        with(call, sandbox -> {
            sandbox.record(
                    AuditCategory.FILESYSTEM,
                    "file_renamed",
                    facts -> facts.text("path", from).text("new_path", to).text("user", user));
            call.json(200, entry(sandbox.guest().rename(from, to, user), to));
        });
    }

    void makeDirectory(HttpCall call) {
        JsonBody body = call.body();
        String path = body.path("path");
        String user = user(body);
        with(call, sandbox -> {
            record(sandbox, "directory_made", path, user);
            call.json(200, Json.object().put("created", sandbox.guest().makeDirectory(path, user)));
        });
    }

    /// `path` is what the caller wrote, where the answer is about that one path.
    private static ObjectNode entry(FileEntry entry, String path) {
        ObjectNode node = Json.object()
                .put("name", entry.name())
                .put("path", path)
                .put("type", entry.directory() ? "dir" : "file")
                .put("size", entry.directory() ? 0 : entry.sizeBytes())
                .put("mode", entry.mode())
                .put("owner", entry.owner())
                .put("modified_at", Json.timestamp(Instant.ofEpochMilli(modifiedMillis(entry))));
        entry.link().ifPresent(target -> node.put("symlink_target", target));
        return node;
    }

    /// The guest may claim any time; only years of four digits have a form that clients read.
    private static long modifiedMillis(FileEntry entry) {
        return Math.clamp(entry.modifiedMillis(), 0, MODIFIED_MILLIS_MAX);
    }

    private static void record(LiveSandbox sandbox, String event, String path, String user) {
        sandbox.record(AuditCategory.FILESYSTEM, event, facts -> facts.text("path", path).text("user", user));
    }

    private static String user(HttpCall call) {
        return CommandRequest.user("username", call.query().given("username"));
    }

    private static String user(JsonBody body) {
        Optional<String> name = body.text("username", 64);
        return CommandRequest.user("username", name);
    }

    private interface Work {
        void run(LiveSandbox sandbox);
    }

    private void with(HttpCall call, Work work) {
        sandboxes.use(call.caller(), call.parameter("id"), sandbox -> {
            work.run(sandbox);
            return null;
        });
    }
}
