package dev.declaw.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.server.lifecycle.SandboxInfo;
import dev.declaw.server.lifecycle.Sandboxes;
import dev.declaw.server.volumes.VolumeAttachment;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// The sandbox object of the wire format (wire-api 3.1).
final class SandboxJson {
    private static final int ENVD_PORT = 49983;

    private SandboxJson() {}

    /// @param tokens whether the caller may have what opens the sandbox's ports; empty text stands for them otherwise
    static ObjectNode of(SandboxInfo info, List<VolumeAttachment> volumes, boolean tokens) {
        ObjectNode node = Json.object();
        node.put("sandbox_id", info.id());
        node.put("template_id", "tpl-" + info.template());
        node.put("name", info.template());
        node.put("state", info.state().wire());
        node.set("metadata", parse(info.metadata()));
        node.set("envs", parse(info.envs()));
        node.set("network", parse(info.network()));
        node.set("security", parse(info.security()));
        node.set("lifecycle", parse(info.lifecycle()));
        node.set("volumes", AttachmentForms.json(volumes));
        node.put("timeout", info.timeoutSeconds());
        node.put("created_at", Json.timestamp(info.created()));
        put(node, "started_at", info.started());
        put(node, "end_at", info.end());
        info.endReason().ifPresent(reason -> node.put("end_reason", reason));
        node.put("envd_access_token", tokens ? "envd-tok-" + info.accessToken() : "");
        node.put("traffic_access_token", tokens ? Sandboxes.trafficToken(info.accessToken()) : "");
        node.put("sandbox_domain", info.id() + ".sandbox.internal");
        node.put("envd_port", ENVD_PORT);
        node.putObject("resources").put("vcpus", info.vcpus()).put("memory_mb", info.memoryMib());
        return node;
    }

    private static void put(ObjectNode node, String name, Optional<Instant> instant) {
        instant.ifPresentOrElse(at -> node.put(name, Json.timestamp(at)), () -> node.putNull(name));
    }

    private static JsonNode parse(Optional<String> text) {
        return text.map(SandboxJson::parse).orElse(null);
    }

    private static JsonNode parse(String text) {
        return Json.parse(text.getBytes(StandardCharsets.UTF_8));
    }
}
