package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.GuestWatch;
import dev.declaw.server.lifecycle.LiveSandbox;
import dev.declaw.server.lifecycle.Sandboxes;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/// Directories that are watched (wire-api 7.5). The clients' call only wants to hear that the directory can be watched; changes
/// come from the stream that the answer names, or at once to a caller that accepts `text/event-stream`.
final class WatchEndpoints {
    private static final String STREAM = "text/event-stream";

    private final Sandboxes sandboxes;

    WatchEndpoints(Sandboxes sandboxes) {
        this.sandboxes = sandboxes;
    }

    private record Watched(String path, String user, boolean recursive) {
        String query() {
            return "path=" + encode(path) + "&username=" + encode(user) + "&recursive=" + recursive;
        }

        private static String encode(String text) {
            return URLEncoder.encode(text, StandardCharsets.UTF_8);
        }
    }

    void post(HttpCall call) {
        JsonBody body = call.body();
        Watched watched = new Watched(
                body.path("path"),
                CommandRequest.user("username", body.text("username", 64)),
                body.flag("recursive", false));
        String accept = call.header("Accept");
        if (accept != null && accept.contains(STREAM)) {
            stream(call, watched);
            return;
        }
        use(call, watched, (sandbox, watch) -> call.json(200, Json.object()
                .put("path", watched.path())
                .put("recursive", watched.recursive())
                .put("events", "/sandboxes/" + sandbox.id() + "/files/watch?" + watched.query())));
    }

    void get(HttpCall call) {
        stream(call, new Watched(
                call.query().path(),
                CommandRequest.user("username", call.query().given("username")),
                call.query().flag("recursive")));
    }

    private void stream(HttpCall call, Watched watched) {
        use(call, watched, (sandbox, watch) -> {
            EventStream stream = EventStream.open(call);
            try {
                relay(watch, stream);
                stream.event("end", Json.object().put("reason", "removed"));
            } catch (PlatformFailure e) {
                stream.event("error", Json.object().put("error", e.getMessage()).put("code", e.code()));
            }
            stream.close();
        });
    }

    private static void relay(GuestWatch watch, EventStream stream) {
        while (!watch.ended()) {
            watch.next().ifPresentOrElse(
                    change -> {
                        ObjectNode event = Json.object().put("type", change.type().wire()).put("path", change.path());
                        change.oldPath().ifPresent(old -> event.put("old_path", old));
                        stream.event("change", event.put("is_dir", change.directory()));
                    },
                    stream::keepAlive);
        }
    }

    private interface Work {
        void run(LiveSandbox sandbox, GuestWatch watch);
    }

    private void use(HttpCall call, Watched watched, Work work) {
        sandboxes.use(call.caller(), call.parameter("id"), sandbox -> {
            sandbox.record(
                    AuditCategory.FILESYSTEM,
                    "directory_watched",
                    facts -> facts.text("path", watched.path()).text("user", watched.user()));
            try (GuestWatch watch = sandbox.guest().watch(watched.path(), watched.user(), watched.recursive())) {
                work.run(sandbox, watch);
            }
            return null;
        });
    }
}
