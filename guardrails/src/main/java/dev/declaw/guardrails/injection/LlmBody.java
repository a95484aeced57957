package dev.declaw.guardrails.injection;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Takes the request bodies of LLM APIs apart by who speaks: chat completions and responses (OpenAI), messages
/// (Anthropic), contents (Gemini). Anything else is one text of unknown origin.
public final class LlmBody {
    /// Longer bodies are not parsed; the caller judges them as one text.
    static final int CHARS_MAX = 2_097_152;

    /// Pieces of one body; a body with more is judged as one text, so that none escapes.
    static final int PIECES_MAX = 4_096;

    private static final int DEPTH_MAX = 64;
    private static final ObjectMapper JSON = new ObjectMapper();

    /// A piece of a body.
    ///
    /// @param origin who wrote it
    /// @param text what it says, JSON escapes undone
    public record Piece(Origin origin, String text) {}

    private final List<Piece> pieces = new ArrayList<>();

    private LlmBody() {}

    /// The pieces in the order of the body, or empty when the text is no such body.
    public static Optional<List<Piece>> read(String text) {
        if (text.length() > CHARS_MAX || !opens(text)) return Optional.empty();
        JsonNode root;
        try {
            root = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
        LlmBody body = new LlmBody();
        if (!root.isObject() || !body.request(root) || body.pieces.size() > PIECES_MAX) return Optional.empty();
        return Optional.of(List.copyOf(body.pieces));
    }

    private static boolean opens(String text) {
        int i = 0;
        while (i < text.length() && text.charAt(i) <= ' ') i++;
        return i < text.length() && text.charAt(i) == '{' && (text.contains("\"messages\"") || text.contains("\"input\"") || text.contains("\"contents\""));
    }

    private boolean request(JsonNode root) {
        boolean messages = root.path("messages").isArray();
        boolean contents = root.path("contents").isArray();
        boolean input = root.has("model") && (root.path("input").isArray() || root.path("input").isTextual());
        if (!messages && !contents && !input) return false;
        for (JsonNode message : root.path("messages")) turn(message);
        for (JsonNode message : root.path("contents")) turn(message);
        if (root.path("input").isTextual()) add(Origin.USER, root.path("input").textValue());
        for (JsonNode item : root.path("input")) turn(item);
        // Tools come from the agent's surroundings (an MCP server, say), so their descriptions are suspect.
        strings(Origin.TOOL, root.path("tools"), 0);
        strings(Origin.TOOL, root.path("documents"), 0);
        return true;
    }

    private void turn(JsonNode message) {
        if (message.isTextual()) {
            add(Origin.USER, message.textValue());
            return;
        }
        Origin origin = origin(message.path("role").asText(""), message.path("type").asText(""));
        for (String field : List.of("content", "parts", "output", "arguments")) content(origin, message.path(field), 0);
    }

    private static Origin origin(String role, String type) {
        if (type.endsWith("_output") || type.equals("tool_result")) return Origin.TOOL;
        return switch (role) {
            case "system", "developer" -> Origin.SYSTEM;
            case "assistant", "model" -> Origin.ASSISTANT;
            case "tool", "function" -> Origin.TOOL;
            case "" -> type.endsWith("_call") ? Origin.ASSISTANT : Origin.USER;
            default -> Origin.USER;
        };
    }

    private void content(Origin origin, JsonNode node, int depth) {
        if (node.isTextual()) {
            add(origin, node.textValue());
        } else if (node.isArray()) {
            for (JsonNode part : node) content(origin, part, depth + 1);
        } else if (node.isObject()) {
            Origin inner = foreign(node) ? Origin.TOOL : origin;
            if (inner == Origin.TOOL) strings(inner, node, depth + 1);
            else content(inner, node.path("text"), depth + 1);
        }
    }

    /// Whether a part holds what somebody else wrote: tool results, search results, documents, files.
    private static boolean foreign(JsonNode part) {
        String type = part.path("type").asText("");
        return part.has("functionResponse") || part.has("function_response") || type.contains("result") || type.contains("document") || type.endsWith("_output") || type.contains("file");
    }

    private void strings(Origin origin, JsonNode node, int depth) {
        if (depth > DEPTH_MAX) throw new IllegalArgumentException("LLM body nested too deeply");
        if (node.isTextual()) add(origin, node.textValue());
        else for (JsonNode inner : node) strings(origin, inner, depth + 1);
    }

    private void add(Origin origin, String text) {
        if (!text.isBlank()) pieces.add(new Piece(origin, text));
    }
}
