package dev.declaw.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxState;
import dev.declaw.server.lifecycle.SandboxQuery;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/// Reads the query of `GET /sandboxes` (wire-api 3.4).
final class ListRequest {
    private ListRequest() {}

    static SandboxQuery read(Query query) {
        return new SandboxQuery(
                states(query),
                query.given("metadata").map(ListRequest::metadata).orElse(Map.of()),
                query.given("next_token"),
                query.number("offset", 0, 0, Integer.MAX_VALUE),
                query.number("limit", SandboxQuery.LIMIT_DEFAULT, 1, SandboxQuery.LIMIT_MAX));
    }

    private static Set<SandboxState> states(Query query) {
        Set<SandboxState> states = EnumSet.noneOf(SandboxState.class);
        for (String word : query.all("state")) {
            switch (word) {
                case "" -> {}
                case "all" -> states.addAll(EnumSet.allOf(SandboxState.class));
                case "live", "running" -> states.addAll(EnumSet.of(SandboxState.RUNNING, SandboxState.PAUSING, SandboxState.UNKNOWN));
                case "creating" -> states.add(SandboxState.CREATING);
                case "paused" -> states.addAll(EnumSet.of(SandboxState.PAUSED, SandboxState.RESUMING));
                case "killed" -> states.addAll(EnumSet.of(SandboxState.KILLED, SandboxState.KILLING));
                default -> throw JsonBody.wrong("state", "must be running, live, creating, paused, killed or all");
            }
        }
        return states;
    }

    /// JSON, or the text of a Python dict of strings, which one client sends.
    private static Map<String, String> metadata(String text) {
        try {
            return pairs(Json.parse(text.getBytes(StandardCharsets.UTF_8)));
        } catch (PlatformFailure.InvalidRequest notJson) {
            return PythonDict.parse(text).orElseThrow(() -> wrong());
        }
    }

    private static Map<String, String> pairs(JsonNode node) {
        if (!node.isObject()) throw wrong();
        Map<String, String> pairs = new HashMap<>();
        for (var member : node.properties()) {
            if (!member.getValue().isTextual()) throw wrong();
            pairs.put(member.getKey(), member.getValue().textValue());
        }
        return pairs;
    }

    private static PlatformFailure wrong() {
        return JsonBody.wrong("metadata", "must be an object of strings, such as {\"team\": \"x\"}");
    }
}
