package dev.declaw.cli.mcp;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.declaw.sdk.Declaw;
import dev.declaw.sdk.json.JsonException;
import dev.declaw.sdk.json.JsonObject;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// The protocol over HTTP (transport `Streamable HTTP`, revision 2025-11-25) at `/mcp`: every request needs the bearer token,
/// a request from a web page needs an origin that the operator allowed, and each client has a session of its own. A call that
/// takes long is answered as an event stream with keep-alives, so that nothing in between hangs up. The server never asks the
/// client anything, so there is no stream to `GET`.
///
/// Plain HTTP: on an address other than loopback it belongs behind something that speaks TLS. One thread per connection.
public final class HttpServing implements AutoCloseable {
    static {
        // The JDK's server takes its limits from here, in seconds and bytes; without them most are off.
        Map.of(
                        "sun.net.httpserver.maxReqTime", "60",
                        "sun.net.httpserver.maxRspTime", "4000", // longer than a command may take
                        "sun.net.httpserver.idleInterval", "60",
                        "sun.net.httpserver.maxIdleConnections", "64",
                        "sun.net.httpserver.maxReqHeaders", "100",
                        "sun.net.httpserver.maxReqHeaderSize", "32768",
                        "sun.net.httpserver.nodelay", "true",
                        "jdk.httpserver.maxConnections", Integer.toString(HttpServing.CONNECTIONS_MAX))
                .forEach(System::setProperty);
    }

    private static final String PATH = "/mcp";
    private static final int CONNECTIONS_MAX = 128;
    private static final int BODY_BYTES_MAX = 4 * 1024 * 1024;
    private static final int QUICK_MILLIS = 1000;
    private static final int KEEP_ALIVE_SECONDS = 15;
    private static final int UNSUPPORTED_VERSION = -32022;

    private final HttpServer http;
    private final ThreadPoolExecutor threads;
    private final Sandboxes sandboxes;
    private final Sessions sessions;
    private final byte[] authorization;
    private final Set<String> origins;

    /// Listens from now on.
    ///
    /// @param token what a client must send as `Authorization: Bearer TOKEN`
    /// @param origins values of `Origin` that may ask; requests without one always may
    public HttpServing(Declaw client, Settings settings, InetSocketAddress address, String token, Set<String> origins)
            throws IOException {
        this.sandboxes = new Sandboxes(client, settings);
        this.sessions = new Sessions(sandboxes);
        this.authorization = ("Bearer " + token).getBytes(StandardCharsets.UTF_8);
        this.origins = Set.copyOf(origins);
        this.threads = new ThreadPoolExecutor(0, CONNECTIONS_MAX, 30, TimeUnit.SECONDS, new SynchronousQueue<>());
        this.http = HttpServer.create(address, 0);
        http.setExecutor(threads);
        http.createContext("/", this::serve);
        http.start();
    }

    /// Where it listens.
    public InetSocketAddress address() {
        return http.getAddress();
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (!mayAsk(exchange)) return;
            switch (exchange.getRequestMethod()) {
                case "POST" -> post(exchange);
                case "DELETE" -> {
                    boolean ended = sessions.end(exchange.getRequestHeaders().getFirst("Mcp-Session-Id"));
                    if (ended) exchange.sendResponseHeaders(204, -1);
                    else refuse(exchange, 404, "there is no such session");
                }
                default -> {
                    exchange.getResponseHeaders().set("Allow", "POST, DELETE");
                    refuse(exchange, 405, "this server has no stream of its own; POST a request");
                }
            }
        } catch (RuntimeException e) {
            System.err.println("a request failed: " + e);
            throw e;
        }
    }

    /// Refuses what may not ask. The token is compared without saying how much of it was right.
    private boolean mayAsk(HttpExchange exchange) throws IOException {
        Headers headers = exchange.getRequestHeaders();
        String origin = headers.getFirst("Origin");
        String given = headers.getFirst("Authorization");
        if (!exchange.getRequestURI().getPath().equals(PATH)) return refuse(exchange, 404, "the endpoint is " + PATH);
        if (origin != null && !origins.contains(origin)) return refuse(exchange, 403, "this origin may not ask");
        if (given == null || !MessageDigest.isEqual(authorization, given.getBytes(StandardCharsets.UTF_8))) {
            exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer");
            return refuse(exchange, 401, "the bearer token is missing or wrong");
        }
        return true;
    }

    private void post(HttpExchange exchange) throws IOException {
        Headers headers = exchange.getRequestHeaders();
        String type = headers.getFirst("Content-Type");
        if (type == null || !type.split(";")[0].strip().equalsIgnoreCase("application/json")) {
            refuse(exchange, 415, "a message is application/json");
            return;
        }
        String accepted = String.join(",", headers.getOrDefault("Accept", List.of("*/*")));
        boolean streams = accepted.contains("text/event-stream");
        if (!streams && !accepted.contains("application/json") && !accepted.contains("*/*")) {
            refuse(exchange, 406, "the answer is application/json or text/event-stream");
            return;
        }
        byte[] body = exchange.getRequestBody().readNBytes(BODY_BYTES_MAX + 1);
        if (body.length > BODY_BYTES_MAX) {
            exchange.getResponseHeaders().set("Connection", "close"); // the rest is not read
            refuse(exchange, 413, "a message has at most " + BODY_BYTES_MAX + " bytes");
            return;
        }
        JsonObject message;
        try {
            message = JsonObject.parse(new String(body, StandardCharsets.UTF_8));
        } catch (JsonException e) {
            send(exchange, 400, Session.failure(null, Session.PARSE_ERROR, e.getMessage()));
            return;
        }
        take(exchange, message, streams);
    }

    private void take(HttpExchange exchange, JsonObject message, boolean streams) throws IOException {
        Headers headers = exchange.getRequestHeaders();
        String version = headers.getFirst("Mcp-Protocol-Version");
        if (version != null && !Session.VERSIONS.contains(version)) {
            JsonObject failure = Session.failure(message.get("id"), UNSUPPORTED_VERSION, "unsupported protocol version");
            failure.object("error").put("data", new JsonObject().put("supported", Session.VERSIONS).put("requested", version));
            send(exchange, 400, failure);
            return;
        }
        String id = headers.getFirst("Mcp-Session-Id");
        if (id == null && message.text("method").equals("initialize")) {
            Optional<Sessions.Opened> opened = sessions.open();
            if (opened.isEmpty()) {
                exchange.getResponseHeaders().set("Retry-After", "60");
                refuse(exchange, 503, "there are as many sessions as there may be; end one with DELETE");
                return;
            }
            exchange.getResponseHeaders().set("Mcp-Session-Id", opened.get().id());
            answer(exchange, opened.get().session().ask(message), streams);
            return;
        }
        if (id == null) {
            refuse(exchange, 400, "begin with initialize, then send Mcp-Session-Id");
            return;
        }
        try (Sessions.Use use = sessions.use(id)) {
            if (use == null) {
                refuse(exchange, 404, "there is no such session; begin again with initialize");
            } else if (Session.isRequest(message)) {
                answer(exchange, use.session().ask(message), streams);
            } else {
                use.session().take(message);
                exchange.sendResponseHeaders(202, -1);
            }
        }
    }

    /// Sends the answer when it is there. A client that hangs up in between does not end its call (so says the standard); its
    /// `notifications/cancelled`, and the end of its session, do.
    private void answer(HttpExchange exchange, CompletableFuture<JsonObject> call, boolean streams) throws IOException {
        try {
            JsonObject quick = streams ? within(call, QUICK_MILLIS) : call.get();
            if (quick != null) {
                send(exchange, 200, quick);
                return;
            }
            exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
            exchange.getResponseHeaders().set("Cache-Control", "no-cache");
            exchange.sendResponseHeaders(200, 0);
            OutputStream out = exchange.getResponseBody();
            JsonObject answer;
            while ((answer = within(call, KEEP_ALIVE_SECONDS * 1000)) == null) {
                out.write(": working\n\n".getBytes(StandardCharsets.US_ASCII));
                out.flush();
            }
            out.write(("event: message\ndata: " + answer + "\n\n").getBytes(StandardCharsets.UTF_8));
            out.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException("a call completes with an answer", e);
        }
    }

    private static JsonObject within(CompletableFuture<JsonObject> call, int millis) throws InterruptedException, ExecutionException {
        try {
            return call.get(millis, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return null;
        }
    }

    /// @return false
    private static boolean refuse(HttpExchange exchange, int status, String why) throws IOException {
        send(exchange, status, Session.failure(null, Session.INVALID_REQUEST, why));
        return false;
    }

    private static void send(HttpExchange exchange, int status, JsonObject answer) throws IOException {
        byte[] bytes = answer.toString().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    /// Stops listening; ends every session and its sandboxes.
    @Override
    public void close() {
        http.stop(0);
        sessions.close();
        sandboxes.close();
        threads.shutdownNow();
    }
}
