package dev.declaw.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.volumes.VolumeAttachment;
import dev.declaw.server.volumes.VolumeMounts;
import dev.declaw.server.volumes.VolumePath;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Attachments of volumes as a create sends them and a sandbox shows them (wire-api 10.2).
final class AttachmentForms {
    private static final int ID_CHARS_MAX = 128;
    private static final int MODE_CHARS_MAX = 16;

    private AttachmentForms() {}

    static List<VolumeAttachment> read(JsonBody body) {
        Optional<JsonNode> node = body.node("volumes");
        if (node.isEmpty()) return List.of();
        if (!node.get().isArray()) throw JsonBody.wrong("volumes", "must be an array");
        if (node.get().size() > VolumeMounts.ATTACHMENTS_MAX) {
            throw new PlatformFailure.TooLarge(
                    "too_many_volumes", "volumes has more than " + VolumeMounts.ATTACHMENTS_MAX + " entries");
        }
        List<VolumeAttachment> attachments = new ArrayList<>();
        for (int i = 0; i < node.get().size(); i++) {
            VolumeAttachment next = one("volumes[" + i + "]", node.get().get(i));
            if (attachments.contains(next)) continue; // duplicates are merged
            boolean taken = attachments.stream().anyMatch(other -> other.mountPath().equals(next.mountPath()));
            if (taken) throw JsonBody.wrong("volumes[" + i + "].mount_path", "is used by another attachment already");
            attachments.add(next);
        }
        return attachments;
    }

    private static VolumeAttachment one(String name, JsonNode node) {
        JsonBody entry = JsonBody.of(name, node);
        String mode = entry.text("mode", MODE_CHARS_MAX).orElse("");
        String subpath = entry.text("subpath", JsonBody.PATH_CHARS_MAX).orElse("");
        if (subpath.startsWith("/")) throw JsonBody.wrong(name + ".subpath", "must be relative to the root of the volume");
        return new VolumeAttachment(
                entry.requiredText("volume_id", ID_CHARS_MAX),
                VolumePath.parse(entry.path("mount_path")),
                VolumeAttachment.Mode.parse(mode)
                        .orElseThrow(() -> JsonBody.wrong(name + ".mode", "must be copy, mount or mount-ro")),
                VolumePath.parse("/" + subpath));
    }

    /// What is attached, saying what is live; null for nothing.
    static JsonNode json(List<VolumeAttachment> attachments) {
        if (attachments.isEmpty()) return null;
        ArrayNode list = Json.array();
        for (VolumeAttachment attachment : attachments) {
            ObjectNode node = list.addObject();
            node.put("volume_id", attachment.volumeId());
            node.put("mount_path", attachment.mountPath().text());
            node.put("mode", attachment.mode().wire());
            if (!attachment.subpath().root()) node.put("subpath", attachment.subpath().text().substring(1));
            node.put("live", attachment.mode().live());
            if (attachment.mode().live()) {
                node.put("method", "copied_on_change");
                node.put("look_seconds", VolumeMounts.LOOK_EVERY.toSeconds());
            }
        }
        return list;
    }
}
