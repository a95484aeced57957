package dev.declaw.cli.mcp;

import dev.declaw.sdk.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/// One client of the Model Context Protocol, whatever carries its messages (JSON-RPC 2.0). Requests are answered side by
/// side, so a long command does not hold up the others. Thread-safe; closing ends what runs, and the session's sandboxes.
final class Session implements AutoCloseable {
    static final List<String> VERSIONS = List.of("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05");
    static final int PARSE_ERROR = -32700;
    static final int INVALID_REQUEST = -32600;
    private static final int METHOD_NOT_FOUND = -32601;
    private static final int INVALID_PARAMS = -32602;
    private static final int REQUEST_CANCELLED = -32800;
    private static final int TOO_MANY_CALLS = -32000;
    private static final int CALLS_MAX = 16;

    private final Tools tools;
    private final Map<Object, CompletableFuture<JsonObject>> calls = new ConcurrentHashMap<>();

    Session(Tools tools) {
        this.tools = tools;
    }

    /// Whether a message asks for an answer.
    static boolean isRequest(JsonObject message) {
        return message.has("id") && message.has("method");
    }

    /// Takes what asks for nothing: a notification, or an answer to what this server never asks.
    void take(JsonObject notification) {
        if (!notification.text("method").equals("notifications/cancelled")) return;
        Object id = notification.object("params").get("requestId");
        CompletableFuture<JsonObject> call = id == null ? null : calls.get(id);
        if (call != null) call.complete(failure(id, REQUEST_CANCELLED, "cancelled"));
    }

    /// Answers a request.
    ///
    /// @return completes with the answer, never exceptionally
    CompletableFuture<JsonObject> ask(JsonObject request) {
        Object id = request.get("id");
        if (!(id instanceof String || id instanceof Long)) {
            return CompletableFuture.completedFuture(failure(null, INVALID_REQUEST, "an id is a text or a whole number"));
        }
        JsonObject parameters = request.object("params");
        return switch (request.text("method")) {
            case "initialize" -> done(success(id, initialize(parameters)));
            case "ping" -> done(success(id, new JsonObject()));
            case "tools/list" -> done(success(id, new JsonObject().put("tools", descriptions())));
            case "tools/call" -> call(id, parameters);
            default -> done(failure(id, METHOD_NOT_FOUND, "there is no method '" + request.text("method") + "'"));
        };
    }

    private CompletableFuture<JsonObject> call(Object id, JsonObject parameters) {
        Tool tool = tools.named(parameters.text("name"));
        if (tool == null) return done(failure(id, INVALID_PARAMS, "there is no tool '" + parameters.text("name") + "'"));
        if (calls.size() >= CALLS_MAX) return done(failure(id, TOO_MANY_CALLS, CALLS_MAX + " calls run, the limit"));
        CompletableFuture<JsonObject> answer = new CompletableFuture<>();
        if (calls.putIfAbsent(id, answer) != null) return done(failure(id, INVALID_REQUEST, "a call with this id runs"));
        Thread worker = new Thread(() -> answer.complete(success(id, tools.call(tool, parameters.object("arguments")))), "mcp-call");
        worker.setDaemon(true);
        // Whoever completes the answer ends the work; for the worker itself that is a flag on a thread that ends anyway.
        answer.whenComplete((given, failure) -> {
            calls.remove(id, answer);
            worker.interrupt();
        });
        worker.start();
        return answer;
    }

    private static CompletableFuture<JsonObject> done(JsonObject answer) {
        return CompletableFuture.completedFuture(answer);
    }

    private static JsonObject initialize(JsonObject parameters) {
        String asked = parameters.text("protocolVersion");
        return new JsonObject()
                .put("protocolVersion", VERSIONS.contains(asked) ? asked : VERSIONS.get(0))
                .put("capabilities", new JsonObject().put("tools", new JsonObject()))
                .put("serverInfo", new JsonObject().put("name", "declaw").put("version", "0.1.0"))
                .put("instructions", "Run code in isolated virtual machines. What may leave them is fixed by the operator.");
    }

    private List<JsonObject> descriptions() {
        List<JsonObject> descriptions = new ArrayList<>();
        for (Tool tool : tools.all()) descriptions.add(tool.toJson());
        return descriptions;
    }

    private static JsonObject success(Object id, JsonObject result) {
        return new JsonObject().put("jsonrpc", "2.0").put("id", id).put("result", result);
    }

    static JsonObject failure(Object id, int code, String message) {
        JsonObject error = new JsonObject().put("code", code).put("message", message);
        return new JsonObject().put("jsonrpc", "2.0").put("id", id).put("error", error);
    }

    @Override
    public void close() {
        calls.forEach((id, call) -> call.complete(failure(id, REQUEST_CANCELLED, "the session has ended")));
        tools.close();
    }
}
