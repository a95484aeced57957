package dev.declaw.runtime.snapshot;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.runtime.storage.DiskLayers;
import dev.declaw.runtime.storage.Part;
import dev.declaw.runtime.storage.QcowLayer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/// What a machine's own layer lies on.
///
/// @param base absolute path of the template's disk or layer at the bottom, which is never written
/// @param baseFormat format of that: `qcow2` or `raw`
/// @param layers frozen layers on it by id, the lowest first
public record DiskChain(String base, String baseFormat, LinkedHashMap<String, Part> layers) {
    public static final String LAYER_FORMAT = "qcow2";
    private static final int LAYERS_MAX = 128;

    /// A chain of the base alone.
    public static DiskChain of(Path base, String format) {
        return new DiskChain(base.toString(), format, new LinkedHashMap<>());
    }

    public DiskChain plus(String id, Part layer) {
        LinkedHashMap<String, Part> more = new LinkedHashMap<>(layers);
        more.put(id, layer);
        return new DiskChain(base, baseFormat, more);
    }

    /// Path of the topmost file.
    public Path top(DiskLayers all) {
        return layers.isEmpty() ? Path.of(base) : all.path(layers.lastEntry().getKey());
    }

    /// Format of the topmost file.
    public String topFormat() {
        return layers.isEmpty() ? baseFormat : LAYER_FORMAT;
    }

    /// Refuses layers that lie on something else than this chain says.
    ///
    /// @throws IOException when one does
    public void requireOwn(DiskLayers all) throws IOException {
        DiskChain below = of(Path.of(base), baseFormat);
        for (Map.Entry<String, Part> layer : layers.entrySet()) {
            QcowLayer.requireOwn(all.path(layer.getKey()), below.top(all), below.topFormat());
            below = below.plus(layer.getKey(), layer.getValue());
        }
    }

    public void write(ObjectNode json) {
        json.put("base", base).put("base_format", baseFormat);
        writeParts(json.putObject("layers"), layers);
    }

    /// @throws IllegalArgumentException when it is none
    public static DiskChain read(JsonNode json) {
        String format = json.path("base_format").asText();
        if (!json.path("base").asText().startsWith("/") || !format.matches("qcow2|raw")) {
            throw new IllegalArgumentException("not a disk");
        }
        return new DiskChain(json.path("base").asText(), format, readParts(json.path("layers"), LAYERS_MAX));
    }

    static void writeParts(ObjectNode json, Map<String, Part> parts) {
        parts.forEach((name, part) -> json.putObject(name)
                .put("bytes", part.bytes())
                .put("sha256", part.sha256())
                .put("seal", part.seal()));
    }

    static LinkedHashMap<String, Part> readParts(JsonNode json, int max) {
        if (!json.isObject() || json.size() > max) {
            throw new IllegalArgumentException("a list of files is missing");
        }
        LinkedHashMap<String, Part> parts = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : json.properties()) {
            JsonNode part = entry.getValue();
            if (!entry.getKey().matches("[a-z0-9][a-z0-9.-]{0,63}")
                    || !part.path("bytes").isIntegralNumber()
                    || !part.path("sha256").isTextual()
                    || !part.path("seal").isTextual()) {
                throw new IllegalArgumentException("a list of files names none");
            }
            parts.put(
                    entry.getKey(),
                    new Part(
                            part.path("bytes").longValue(),
                            part.path("sha256").textValue(),
                            part.path("seal").textValue()));
        }
        return parts;
    }
}
