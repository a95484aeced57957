package dev.declaw.model.policy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Reads `content_gate` (wire-api 15.7), with our lists `models` and `endpoints`.
final class GateReader {
    private static final String FIELD = "security.content_gate";

    private GateReader() {}

    static ContentGate read(JsonNode node) {
        if (node.isBoolean() && !node.booleanValue()) return ContentGate.OFF;
        PolicyJson.object(FIELD, node);
        boolean enabled = false;
        HostSelector hosts = HostSelector.NONE;
        Optional<List<String>> models = Optional.empty();
        Optional<List<ContentGate.Endpoint>> endpoints = Optional.empty();
        for (var member : node.properties()) {
            JsonNode value = member.getValue();
            String path = FIELD + "." + member.getKey();
            if (value.isNull()) continue;
            switch (PolicyJson.snake(member.getKey())) {
                case "enabled" -> enabled = PolicyJson.bool(path, value);
                case "domains" -> {
                    HostSelector named = PolicyJson.readHosts(path, value);
                    hosts = named.all() ? HostSelector.NONE : named;
                }
                case "models" -> models = Optional.of(PolicyJson.texts(path, value));
                case "endpoints" -> endpoints = Optional.of(endpoints(path, PolicyJson.texts(path, value)));
                default -> throw PolicyJson.unknown(path, "enabled, domains, models, endpoints");
            }
        }
        return new ContentGate(enabled, hosts, models, endpoints);
    }

    /// `POST /v1/chat/*`, or a path alone for any method.
    private static List<ContentGate.Endpoint> endpoints(String field, List<String> texts) {
        List<ContentGate.Endpoint> read = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i).strip();
            int space = text.indexOf(' ');
            String method = space < 0 ? "*" : text.substring(0, space).toUpperCase(Locale.ROOT);
            String path = text.substring(space + 1).strip();
            if (!(path.startsWith("/") || path.startsWith("*")) || !method.matches("\\*|[A-Z]{1,20}")) {
                throw new PolicyException(field + "[" + i + "]", "must be like 'POST /v1/chat/completions' or '/v1/*'");
            }
            read.add(new ContentGate.Endpoint(method, path));
        }
        return read;
    }
}
