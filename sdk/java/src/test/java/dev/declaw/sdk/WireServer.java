package dev.declaw.sdk;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.declaw.sdk.json.JsonObject;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/// A small real HTTP server: scripted answers per method and path, recorded requests.
final class WireServer implements AutoCloseable {
    record Request(String method, String path, String query, Map<String, String> headers, String body) {
        JsonObject json() {
            return JsonObject.parse(body);
        }
    }

    /// Pieces of a body: bytes to send, or a latch to wait for.
    record Answer(int status, Map<String, String> headers, List<Object> pieces) {
        static Answer json(int status, String body) {
            return new Answer(status, Map.of(), List.of(body.replace('\'', '"')));
        }

        static Answer failure(int status, String code) {
            return new Answer(
                    status,
                    Map.of("Retry-After", "0"),
                    List.of("{\"message\":\"this is " + code + "\",\"code\":\"" + code + "\",\"reference\":\"ref-1\"}"));
        }

        static Answer stream(Object... pieces) {
            return new Answer(200, Map.of("Content-Type", "text/event-stream"), List.of(pieces));
        }
    }

    final List<Request> requests = Collections.synchronizedList(new ArrayList<>());
    private final Map<String, Deque<Answer>> answers = new HashMap<>();
    private final HttpServer http;

    WireServer() {
        try {
            http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        http.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        http.createContext("/", this::serve);
        http.start();
    }

    /// What these requests are answered with, in order; the last answer repeats.
    void on(String method, String path, Answer... inOrder) {
        answers.put(method + " " + path, new ArrayDeque<>(List.of(inOrder)));
    }

    Request last() {
        return requests.getLast();
    }

    Declaw client() {
        return new Declaw(Connection.of("127.0.0.1:" + http.getAddress().getPort(), "dcl_hidden-key"));
    }

    private void serve(HttpExchange exchange) throws IOException {
        Map<String, String> headers = new HashMap<>();
        exchange.getRequestHeaders().forEach((name, values) -> headers.put(name.toLowerCase(), values.getFirst()));
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        String path = exchange.getRequestURI().getPath();
        requests.add(new Request(exchange.getRequestMethod(), path, exchange.getRequestURI().getRawQuery(), headers, body));
        Deque<Answer> queue = answers.get(exchange.getRequestMethod() + " " + path);
        Answer answer = queue == null ? Answer.failure(404, "unknown_endpoint") : queue.size() > 1 ? queue.poll() : queue.peek();
        answer.headers().forEach((name, value) -> exchange.getResponseHeaders().set(name, value));
        exchange.sendResponseHeaders(answer.status(), 0);
        try (OutputStream out = exchange.getResponseBody()) {
            for (Object piece : answer.pieces()) {
                if (piece instanceof CountDownLatch latch) {
                    latch.await(30, TimeUnit.SECONDS);
                } else {
                    out.write(piece.toString().getBytes(StandardCharsets.UTF_8));
                    out.flush();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        http.stop(0);
    }
}
