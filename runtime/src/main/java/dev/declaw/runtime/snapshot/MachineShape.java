package dev.declaw.runtime.snapshot;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.runtime.template.Template;

/// The size of a machine, and where it came from.
///
/// @param template name of the template that it came from
/// @param digest of that template
public record MachineShape(String template, String digest, int vcpus, int memoryMib, int diskMib) {
    public MachineShape {
        if (vcpus <= 0 || memoryMib <= 0 || diskMib <= 0) {
            throw new IllegalArgumentException("not the size of a machine");
        }
    }

    public static MachineShape of(Template template) {
        return new MachineShape(
                template.name(), template.digest(), template.vcpus(), template.memoryMib(), template.diskMib());
    }

    public void write(ObjectNode json) {
        json.put("template", template)
                .put("digest", digest)
                .put("vcpus", vcpus)
                .put("memory_mib", memoryMib)
                .put("disk_mib", diskMib);
    }

    /// @throws IllegalArgumentException when it is none
    public static MachineShape read(JsonNode json) {
        return new MachineShape(
                json.path("template").asText(),
                json.path("digest").asText(),
                json.path("vcpus").asInt(),
                json.path("memory_mib").asInt(),
                json.path("disk_mib").asInt());
    }
}
