package dev.declaw.cli.mcp;

import dev.declaw.sdk.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// One tool: what the agent reads about it, and what it does.
///
/// @param work takes the arguments, gives the text for the agent; throws to report a failure to it
record Tool(String name, String description, List<Parameter> parameters, Function<JsonObject, String> work) {
    /// @param type `string` or `integer`
    record Parameter(String name, String type, boolean required, String description) {}

    static Parameter text(String name, String description) {
        return new Parameter(name, "string", true, description);
    }

    static Parameter optional(String name, String type, String description) {
        return new Parameter(name, type, false, description);
    }

    JsonObject toJson() {
        JsonObject properties = new JsonObject();
        List<String> required = new ArrayList<>();
        for (Parameter parameter : parameters) {
            properties.put(
                    parameter.name(),
                    new JsonObject().put("type", parameter.type()).put("description", parameter.description()));
            if (parameter.required()) required.add(parameter.name());
        }
        JsonObject schema = new JsonObject()
                .put("type", "object")
                .put("properties", properties)
                .put("required", required)
                .put("additionalProperties", false);
        return new JsonObject().put("name", name).put("description", description).put("inputSchema", schema);
    }
}
