package dev.declaw.e2e.platform;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/// The documented REST API over the JDK's own client: what demo, tests and benchmarks need of it. Thread-safe.
public final class Api {
    public static final ObjectMapper JSON = new ObjectMapper();

    /// @param status HTTP status
    /// @param body parsed body; a missing node when it is not JSON
    /// @param text the body as it came
    public record Reply(int status, JsonNode body, String text, HttpResponse<String> response) {}

    /// Result of a command in the foreground.
    public record Ran(int exitCode, String stdout, String stderr) {}

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();
    private final String base;
    private final String key;

    public Api(String base, String key) {
        this.base = base;
        this.key = key;
    }

    public HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(base + path))
                .header("Authorization", "Bearer " + key)
                .timeout(Duration.ofMinutes(5));
    }

    public Reply send(HttpRequest request) {
        try {
            HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
            JsonNode body;
            try {
                body = JSON.readTree(response.body());
            } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
                body = JSON.missingNode();
            }
            return new Reply(response.statusCode(), body, response.body(), response);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    public HttpClient http() {
        return http;
    }

    public Reply get(String path) {
        return send(request(path).GET().build());
    }

    public Reply delete(String path) {
        return send(request(path).DELETE().build());
    }

    public Reply post(String path, String json) {
        return call("POST", path, json);
    }

    public Reply call(String method, String path, String json) {
        return send(request(path)
                .header("Content-Type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(json))
                .build());
    }

    /// Creates a sandbox and returns its object.
    ///
    /// @throws IllegalStateException with the server's answer when it refused
    public JsonNode create(String json) {
        Reply reply = post("/sandboxes", json);
        if (reply.status() != 201) throw new IllegalStateException("create answered " + reply.status() + ": " + reply.text());
        return reply.body();
    }

    /// Runs a command and waits for it.
    public Ran run(String sandboxId, String command) {
        return run(sandboxId, command, "user", 60);
    }

    public Ran run(String sandboxId, String command, String user, int timeoutSeconds) {
        ObjectNode body = JSON.createObjectNode()
                .put("cmd", command)
                .put("user", user)
                .put("timeout", timeoutSeconds);
        Reply reply = post("/sandboxes/" + sandboxId + "/commands", body.toString());
        if (reply.status() != 200) throw new IllegalStateException("command answered " + reply.status() + ": " + reply.text());
        return new Ran(
                reply.body().path("exit_code").intValue(),
                reply.body().path("stdout").textValue(),
                reply.body().path("stderr").textValue());
    }

    public void writeFile(String sandboxId, String path, String content) {
        ObjectNode body = JSON.createObjectNode().put("path", path).put("data", content);
        Reply reply = post("/sandboxes/" + sandboxId + "/files", body.toString());
        if (reply.status() >= 300) throw new IllegalStateException("write answered " + reply.status() + ": " + reply.text());
    }

    /// All audit events of a sandbox, oldest first.
    public JsonNode audit(String sandboxId, String query) {
        Reply reply = get("/sandboxes/" + sandboxId + "/audit?limit=1000&order=asc" + (query.isEmpty() ? "" : "&" + query));
        if (reply.status() != 200) throw new IllegalStateException("audit answered " + reply.status() + ": " + reply.text());
        return reply.body().path("entries");
    }

    public void kill(String sandboxId) {
        delete("/sandboxes/" + sandboxId);
    }

    public static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
