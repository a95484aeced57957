package dev.declaw.server.fake;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.JsonSchema;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// `protocol/openapi.yaml` as a judge of requests: what the server took must be described there, each parameter and each member of a
/// body. What it refused may be anything.
public final class RequestContract {
    private static final Map<String, JsonSchema> SCHEMAS = new ConcurrentHashMap<>();
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /// Unknown members are ignored by the server, which tests show with this one.
    private static final String UNKNOWN = "unknown_member";

    /// One client sends the path as it is, `&` and all (wire-api, quirk 11).
    private static final String UNENCODED = "DELETE /sandboxes/{id}/files";

    private RequestContract() {}

    /// What is wrong with the description of a request that was answered with this status; empty when nothing is.
    public static List<String> faults(String method, String target, byte[] body, int status) {
        String[] parts = target.split("\\?", 2);
        Optional<Map.Entry<String, JsonNode>> found = Contract.operation(method, parts[0]);
        if (status >= 300 || found.isEmpty() || found.get().getValue().path("responses").has("default")) return List.of();
        String where = method + " " + found.get().getKey();
        JsonNode operation = found.get().getValue();
        List<String> faults = new ArrayList<>();
        query(where, operation, parts.length > 1 ? parts[1] : "", faults);
        body(where, operation, body, faults);
        return faults;
    }

    private static void query(String where, JsonNode operation, String query, List<String> faults) {
        if (where.equals(UNENCODED)) return;
        Set<String> described = new HashSet<>(Set.of(UNKNOWN));
        for (JsonNode parameter : operation.path("parameters")) {
            if (parameter.path("in").asText().equals("query")) described.add(parameter.path("name").asText());
        }
        for (String part : query.split("&")) {
            String name = part.split("=", 2)[0];
            if (!name.isEmpty() && !described.contains(name)) faults.add(where + " took the parameter " + name + ", which is not described");
        }
    }

    private static void body(String where, JsonNode operation, byte[] body, List<String> faults) {
        if (body.length == 0) return;
        JsonNode content = operation.path("requestBody").path("content");
        if (!content.has("application/json")) {
            boolean empty = new String(body, StandardCharsets.UTF_8).equals("{}");
            if (content.isEmpty() && !empty) faults.add(where + " took a body, which is not described");
            return;
        }
        JsonNode value;
        try {
            value = JSON.readTree(body);
        } catch (java.io.IOException e) {
            faults.add(where + " took a body that is no JSON");
            return;
        }
        JsonNode described = content.path("application/json").path("schema");
        SCHEMAS.computeIfAbsent(where, _ -> Contract.schema(described))
                .validate(value)
                .forEach(message -> faults.add(where + " took a body that is not as described: " + message.getMessage()));
        members(where, described, value, faults);
    }

    /// Members that no property describes. What stands below a schema without properties is free.
    private static void members(String where, JsonNode schema, JsonNode value, List<String> faults) {
        JsonNode resolved = schema.has("$ref") ? Contract.document().at(schema.path("$ref").textValue().substring(1)) : schema;
        if (value.isArray()) {
            for (JsonNode item : value) members(where + "[]", resolved.path("items"), item, faults);
        }
        if (!value.isObject() || !resolved.path("properties").isObject()) return;
        value.properties().forEach(member -> {
            if (member.getKey().equals(UNKNOWN)) return;
            JsonNode property = resolved.path("properties").path(member.getKey());
            if (property.isMissingNode()) faults.add(where + " took the member " + member.getKey() + ", which is not described");
            else members(where + "." + member.getKey(), property, member.getValue(), faults);
        });
    }
}
