package dev.declaw.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.server.config.ServerConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.time.Duration;
import java.util.stream.Stream;

/// Asks the running server of this machine to build one of its own templates, and shows the log. Used by one thread.
final class TemplateBuild {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration ANSWER_DEADLINE = Duration.ofSeconds(30);
    private static final String DATA = "data: ";

    private final String base;
    private final String key;
    private final HttpClient http = HttpClient.newBuilder().connectTimeout(ANSWER_DEADLINE).build();

    /// @throws IOException when the server was never started with this configuration
    TemplateBuild(ServerConfig config) throws IOException {
        InetSocketAddress listen = config.listen();
        String host = listen.getAddress().isAnyLocalAddress() ? "127.0.0.1" : listen.getHostString();
        base = "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + listen.getPort();
        key = Files.readString(config.home().resolve("api-key")).strip();
    }

    /// @return whether it was built
    boolean run(String name) throws IOException, InterruptedException {
        HttpResponse<String> begun = http.send(
                request("/templates/" + name + "/build").timeout(ANSWER_DEADLINE).POST(HttpRequest.BodyPublishers.noBody()).build(),
                HttpResponse.BodyHandlers.ofString());
        JsonNode build = JSON.readTree(begun.body());
        if (begun.statusCode() != 202) throw new IOException(build.path("message").asText("the server answered " + begun.statusCode()));
        String logs = "/templates/builds/" + build.path("build_id").textValue() + "/logs?follow=true";
        try (Stream<String> lines = http.send(request(logs).build(), HttpResponse.BodyHandlers.ofLines()).body()) {
            JsonNode last = JSON.nullNode();
            for (String line : (Iterable<String>) lines::iterator) {
                if (!line.startsWith(DATA)) continue;
                last = JSON.readTree(line.substring(DATA.length()));
                if (last.has("line")) System.out.println(last.path("line").textValue());
            }
            if (last.path("status").asText().equals("completed")) return true;
            System.err.println("declaw: " + last.path("error").path("message").asText("the server ended before the build"));
            return false;
        }
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(base + path)).header("Authorization", "Bearer " + key);
    }
}
