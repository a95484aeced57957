package dev.declaw.cli.mcp;

import dev.declaw.sdk.json.JsonException;
import dev.declaw.sdk.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/// The Model Context Protocol over lines of JSON-RPC 2.0 (transport `stdio`). Requests are answered in parallel, so a long
/// command does not hold up the others. One thread reads; answers are written whole, one at a time.
public final class McpServer {
    private static final List<String> VERSIONS = List.of("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05");
    private static final int LINE_CHARS_MAX = 16 * 1024 * 1024;
    private static final int CALLS_MAX = 16;
    private static final int END_SECONDS_MAX = 5;
    private static final int PARSE_ERROR = -32700;
    private static final int INVALID_REQUEST = -32600;
    private static final int METHOD_NOT_FOUND = -32601;
    private static final int INVALID_PARAMS = -32602;

    private final Tools tools;

    public McpServer(Tools tools) {
        this.tools = tools;
    }

    /// Serves until the input ends.
    public void serve(BufferedReader in, PrintStream out) {
        ExecutorService calls = Executors.newFixedThreadPool(CALLS_MAX, work -> {
            Thread thread = new Thread(work, "mcp-call");
            thread.setDaemon(true);
            return thread;
        });
        try {
            for (String line; (line = in.readLine()) != null; ) {
                if (line.isBlank()) continue;
                String text = line;
                if (text.length() > LINE_CHARS_MAX) {
                    write(out, failure(null, INVALID_REQUEST, "a message is longer than " + LINE_CHARS_MAX + " characters"));
                    continue;
                }
                calls.execute(() -> answer(text, out));
            }
            calls.shutdown();
            calls.awaitTermination(END_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (IOException e) {
            throw new UncheckedIOException("the input broke", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void answer(String line, PrintStream out) {
        JsonObject message;
        try {
            message = JsonObject.parse(line);
        } catch (JsonException e) {
            write(out, failure(null, PARSE_ERROR, e.getMessage()));
            return;
        }
        if (!message.has("id")) return; // a notification asks for nothing
        write(out, handle(message));
    }

    /// The answer to one request.
    JsonObject handle(JsonObject message) {
        Object id = message.get("id");
        JsonObject parameters = message.object("params");
        return switch (message.text("method")) {
            case "initialize" -> success(id, initialize(parameters));
            case "ping" -> success(id, new JsonObject());
            case "tools/list" -> success(id, new JsonObject().put("tools", descriptions()));
            case "tools/call" -> {
                Tool tool = tools.named(parameters.text("name"));
                yield tool == null
                        ? failure(id, INVALID_PARAMS, "there is no tool '" + parameters.text("name") + "'")
                        : success(id, tools.call(tool, parameters.object("arguments")));
            }
            default -> failure(id, METHOD_NOT_FOUND, "there is no method '" + message.text("method") + "'");
        };
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

    private static JsonObject failure(Object id, int code, String message) {
        JsonObject error = new JsonObject().put("code", code).put("message", message);
        return new JsonObject().put("jsonrpc", "2.0").put("id", id).put("error", error);
    }

    private static void write(PrintStream out, JsonObject message) {
        synchronized (out) {
            out.print(message + "\n");
            out.flush();
        }
    }
}
