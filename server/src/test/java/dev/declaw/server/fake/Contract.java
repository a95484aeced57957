package dev.declaw.server.fake;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// `protocol/openapi.yaml` as a judge: says what is wrong with an answer of the server.
public final class Contract {
    private static final JsonNode DOCUMENT = read();
    private static final JsonSchemaFactory FACTORY = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);
    private static final Map<String, JsonSchema> SCHEMAS = new ConcurrentHashMap<>();
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private Contract() {}

    private static JsonNode read() {
        Path file = Path.of("../protocol/openapi.yaml"); // tests run in their module's folder
        if (!Files.exists(file)) file = Path.of("protocol/openapi.yaml");
        try {
            return YAMLMapper.builder().build().readTree(Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static JsonNode document() {
        return DOCUMENT;
    }

    /// What is wrong with an answer; empty for one that is as it is described.
    ///
    /// @param target path and query as they were asked for
    public static List<String> faults(String method, String target, RawHttp.Answer answer) {
        String path = target.split("\\?", 2)[0];
        Optional<Map.Entry<String, JsonNode>> found = operation(method, path);
        int status = answer.status();
        if (found.isEmpty()) {
            boolean refused = status == 404 || status == 401 || status == 400 || status == 414 || status == 431;
            return refused ? List.of() : List.of("nothing describes " + method + " " + path + " -> " + status);
        }
        JsonNode responses = found.get().getValue().path("responses");
        if (responses.has("default")) return List.of();
        if (status == 414 || status == 431) return List.of(); // refused before a route is known
        JsonNode response = responses.path(Integer.toString(status));
        if (response.has("$ref")) response = DOCUMENT.at(response.path("$ref").textValue().substring(1));
        String where = method + " " + found.get().getKey() + " -> " + status;
        if (response.isMissingNode()) return List.of(where + " is not described: " + shortened(answer));
        return content(where, response.path("content"), answer);
    }

    private static List<String> content(String where, JsonNode content, RawHttp.Answer answer) {
        String type = Optional.ofNullable(answer.header("Content-Type")).orElse("").split(";")[0];
        if (method(where).equals("HEAD")) return List.of();
        if (!content.has(type)) return List.of(where + " has a content type that is not described: " + type);
        if (!type.equals("application/json") || !answer.complete()) return List.of();
        JsonNode value;
        try {
            value = JSON.readTree(answer.text());
        } catch (JsonProcessingException e) {
            return List.of(where + " is no JSON: " + shortened(answer));
        }
        JsonSchema schema = SCHEMAS.computeIfAbsent(where, _ -> schema(content.path(type).path("schema")));
        List<String> faults = new ArrayList<>();
        Set<ValidationMessage> messages = schema.validate(value);
        messages.forEach(message -> faults.add(where + ": " + message.getMessage() + " in " + shortened(answer)));
        JsonNode code = value.path("code");
        if (answer.status() >= 400 && code.isTextual() && !DOCUMENT.path("x-error-codes").has(code.textValue())) {
            faults.add(where + ": the code " + code.textValue() + " is not in x-error-codes");
        }
        return faults;
    }

    private static String method(String where) {
        return where.substring(0, where.indexOf(' '));
    }

    private static String shortened(RawHttp.Answer answer) {
        String text = answer.text();
        return text.length() > 300 ? text.substring(0, 300) + "…" : text;
    }

    static JsonSchema schema(JsonNode schema) {
        ObjectNode whole = JsonNodeFactory.instance.objectNode();
        whole.put("$schema", "https://json-schema.org/draft/2020-12/schema");
        whole.set("allOf", JsonNodeFactory.instance.arrayNode().add(schema));
        whole.set("components", DOCUMENT.path("components"));
        return FACTORY.getSchema(whole);
    }

    /// The operation of a request: literal segments win over variables, as in the server's table.
    static Optional<Map.Entry<String, JsonNode>> operation(String method, String path) {
        String[] asked = segments(path);
        Map.Entry<String, JsonNode> best = null;
        for (Map.Entry<String, JsonNode> entry : DOCUMENT.path("paths").properties()) {
            JsonNode operation = entry.getValue().path(method.toLowerCase(java.util.Locale.ROOT));
            if (operation.isMissingNode() || !fits(segments(entry.getKey()), asked)) continue;
            if (best == null || variables(entry.getKey()) < variables(best.getKey())) best = Map.entry(entry.getKey(), operation);
        }
        return Optional.ofNullable(best);
    }

    private static String[] segments(String path) {
        return java.util.Arrays.stream(path.split("/")).filter(segment -> !segment.isEmpty()).toArray(String[]::new);
    }

    private static long variables(String path) {
        return path.chars().filter(c -> c == '{').count();
    }

    private static boolean fits(String[] described, String[] asked) {
        boolean rest = described.length > 0 && described[described.length - 1].equals("{rest}");
        int fixed = rest ? described.length - 1 : described.length;
        if (rest ? asked.length < fixed : asked.length != fixed) return false;
        for (int i = 0; i < fixed; i++) {
            if (!described[i].startsWith("{") && !described[i].equals(asked[i])) return false;
        }
        return true;
    }
}
