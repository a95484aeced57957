package dev.declaw.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.lifecycle.CreateSandbox;
import java.util.Optional;

/// Reads the body of `POST /sandboxes` (wire-api 3.2).
final class CreateRequest {
    private static final int TIMEOUT_SECONDS_DEFAULT = 300;
    private static final long TIMEOUT_SECONDS_MAX = 100L * 366 * 24 * 3600;
    private static final int TEMPLATE_CHARS_MAX = 128;
    private static final int SNAPSHOT_CHARS_MAX = 64;
    private static final int METADATA_CHARS_MAX = 64 * 1024;

    private CreateRequest() {}

    static CreateSandbox read(JsonBody body) {
        if (body.node("resources").isPresent()) {
            throw new PlatformFailure.PermissionDenied(
                    "resources_fixed", "resources: a sandbox has the size of its template; leave this field out");
        }
        long timeout = body.wholeNumber("timeout").orElse((long) TIMEOUT_SECONDS_DEFAULT);
        checkTimeout(timeout);
        return new CreateSandbox(
                body.text("template", TEMPLATE_CHARS_MAX).orElse("base"),
                timeout,
                body.flag("secure", true),
                body.textMap("metadata", METADATA_CHARS_MAX),
                Environment.read(body, "envs"),
                body.node("network"),
                body.node("security"),
                lifecycle(body),
                AttachmentForms.read(body),
                body.text("snapshot_id", SNAPSHOT_CHARS_MAX),
                VaultEndpoints.references(body));
    }

    static void checkTimeout(long seconds) {
        if (seconds < 0 || seconds > TIMEOUT_SECONDS_MAX) {
            throw JsonBody.wrong("timeout", "must be a number of seconds from 0 (none) to " + TIMEOUT_SECONDS_MAX);
        }
    }

    private static Optional<JsonNode> lifecycle(JsonBody body) {
        Optional<JsonNode> node = body.node("lifecycle");
        if (node.isEmpty()) return node;
        JsonBody lifecycle = JsonBody.of("lifecycle", node.get());
        String onTimeout = lifecycle.text("on_timeout", 32).orElse("kill");
        if (!onTimeout.equals("kill") && !onTimeout.equals("pause")) {
            throw JsonBody.wrong("lifecycle.on_timeout", "must be \"kill\" or \"pause\"");
        }
        lifecycle.flag("auto_resume", false); // refused when it is no boolean
        long idle = lifecycle.wholeNumber("idle_timeout").orElse(0L);
        if (idle < 0 || idle > TIMEOUT_SECONDS_MAX) {
            throw JsonBody.wrong("lifecycle.idle_timeout", "must be a number of seconds from 0 (none) to " + TIMEOUT_SECONDS_MAX);
        }
        return node;
    }
}
