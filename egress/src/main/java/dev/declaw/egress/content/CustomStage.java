package dev.declaw.egress.content;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.egress.custom.CustomGates;
import dev.declaw.egress.custom.RequestPath;
import dev.declaw.model.policy.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The content rules of a custom policy: asked last, with what the scanners found. Thread-safe.
record CustomStage(CustomGates gates) {
    static final String NAME = "custom_policy";

    /// A body above this is not given to the rules; where they may look at it, the request is not evaluated.
    private static final int BODY_CHARS_MAX = 384 * 1024;
    private static final int MODELS_MAX = 8;

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /// @param path without the query
    /// @param models every model that the request names; empty when none can be read
    /// @param body as text; empty when it is none
    /// @param unclear whether there is a body that is no text to us, and may be to somebody who reads more leniently
    /// @param decisions scanner to what it decided
    /// @param found scanners that found something
    /// @param counts findings by type
    record Facts(
            String method,
            String host,
            String path,
            Optional<List<String>> models,
            String body,
            boolean unclear,
            Map<String, String> decisions,
            Set<String> found,
            Map<String, Integer> counts) {}

    CustomGates.Outcome ask(Facts facts) {
        List<String> models = facts.models().orElse(List.of()).stream().distinct().toList();
        if (gates.readsModel() && (facts.models().isEmpty() && (facts.unclear() || !facts.body().isEmpty()) || models.size() > MODELS_MAX)) {
            return failed("it cannot be told which model is meant");
        }
        if (gates.readsBody() && facts.unclear()) return failed("the body is no proper text");
        ObjectNode input = JSON.createObjectNode();
        ObjectNode attributes = input.putObject("attributes");
        attributes.put("method", facts.method());
        attributes.put("host", facts.host());
        ObjectNode results = attributes.putObject("scan_results");
        facts.decisions().forEach((scanner, decision) -> results.putObject(scanner)
                .put("flagged", facts.found().contains(scanner) || !decision.equals("clear"))
                .put("decision", decision));
        ObjectNode types = attributes.putObject("findings");
        facts.counts().forEach(types::put);
        if (gates.readsBody() && !facts.body().isEmpty()) {
            Optional<JsonNode> body = body(facts.body());
            if (body.isEmpty()) return failed("the body is too large, too deep or no proper JSON");
            attributes.set("body", body.get());
        }
        return gates.content(inputs(input, facts, models));
    }

    private static CustomGates.Outcome failed(String why) {
        return new CustomGates.Outcome(Optional.of(Reason.CUSTOM_POLICY_FAILED), why, "");
    }

    /// One input for each model that may be meant, and each reading of the path.
    private static List<ObjectNode> inputs(ObjectNode input, Facts facts, List<String> models) {
        List<ObjectNode> inputs = new ArrayList<>();
        for (String path : RequestPath.readings(facts.path())) {
            for (String model : models.isEmpty() ? List.of("") : models.subList(0, Math.min(MODELS_MAX, models.size()))) {
                ObjectNode copy = input.deepCopy();
                ObjectNode attributes = (ObjectNode) copy.get("attributes");
                attributes.put("path", path).put("endpoint", facts.method() + " " + path);
                if (!models.isEmpty()) attributes.put("model", model);
                inputs.add(copy);
            }
        }
        return inputs;
    }

    /// JSON as JSON, anything else as its text. What looks like JSON and is not, or says a thing twice, would be read differently by
    /// somebody else, so nobody can judge it.
    private static Optional<JsonNode> body(String text) {
        if (text.length() > BODY_CHARS_MAX) return Optional.empty();
        String start = text.stripLeading();
        if (!start.startsWith("{") && !start.startsWith("[")) return Optional.of(JSON.getNodeFactory().textNode(text));
        try {
            return Optional.of(JSON.readTree(text));
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }
}
