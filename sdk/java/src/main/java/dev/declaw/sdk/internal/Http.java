package dev.declaw.sdk.internal;

import dev.declaw.sdk.Connection;
import dev.declaw.sdk.DeclawException;
import dev.declaw.sdk.json.JsonException;
import dev.declaw.sdk.json.JsonObject;
import dev.declaw.sdk.json.JsonReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/// HTTP to one server. Thread-safe. An interrupted call ends with the flag set and `connection_failed`.
///
/// Only what cannot happen twice is sent twice: reads, deletes, replacing writes, and what carries an idempotency key.
public final class Http {
    private static final int ATTEMPTS_MAX = 3;
    private static final Duration CONNECT_MAX = Duration.ofSeconds(10);
    /// The server answers these at once…
    public static final Duration QUICK_MAX = Duration.ofSeconds(60);
    /// …and these when the work is done.
    public static final Duration LONG_MAX = Duration.ofHours(1);
    private static final int MESSAGE_CHARS_MAX = 2000;
    private static final Duration RETRY_AFTER_MAX = Duration.ofSeconds(60);

    private final Connection connection;
    private final HttpClient client;

    public Http(Connection connection) {
        this.connection = connection;
        HttpClient.Builder builder =
                HttpClient.newBuilder().connectTimeout(CONNECT_MAX).version(HttpClient.Version.HTTP_1_1);
        if (connection.address().getScheme().equals("http")) builder.sslContext(NoTls.context());
        client = builder.build();
    }

    public Connection connection() {
        return connection;
    }

    public URI uri(String path) {
        return URI.create(connection.address() + path);
    }

    /// One request.
    ///
    /// @param body null for none
    /// @param repeatable whether it may be sent again after a failure on the way
    /// @param keyed whether it gets an idempotency key, which makes it repeatable
    public record Call(String method, String path, Object body, Duration limit, boolean repeatable, boolean keyed) {
        public static Call of(String method, String path) {
            boolean repeatable = method.equals("GET") || method.equals("DELETE") || method.equals("PUT");
            return new Call(method, path, null, QUICK_MAX, repeatable, false);
        }

        public Call with(Object newBody) {
            return new Call(method, path, newBody, limit, repeatable, keyed);
        }

        public Call within(Duration newLimit) {
            return new Call(method, path, body, newLimit, repeatable, keyed);
        }

        public Call asRepeatable() {
            return new Call(method, path, body, limit, true, keyed);
        }

        public Call withKey() {
            return new Call(method, path, body, limit, true, true);
        }
    }

    public JsonObject get(String path) {
        return send(Call.of("GET", path));
    }

    /// Sends and returns the answer's object; an empty body is an empty object.
    public JsonObject send(Call call) {
        return value(call) instanceof JsonObject object ? object : new JsonObject();
    }

    /// Sends and returns the answer's value.
    public Object value(Call call) {
        String key = call.keyed() ? UUID.randomUUID().toString() : null;
        for (int attempt = 1; ; attempt++) {
            DeclawException failure;
            HttpResponse<String> answer = null;
            boolean again = call.repeatable();
            try {
                HttpRequest.Builder request = request(call.path(), call.limit());
                if (key != null) request.header("Idempotency-Key", key);
                if (call.body() != null) request.header("Content-Type", "application/json");
                BodyPublisher body = call.body() == null
                        ? BodyPublishers.noBody()
                        : BodyPublishers.ofString(call.body().toString());
                answer = client.send(request.method(call.method(), body).build(), BodyHandlers.ofString());
                if (answer.statusCode() / 100 == 2) return parse(answer.body());
                failure = failureOf(answer.statusCode(), answer.body(), answer);
            } catch (IOException e) {
                failure = broken(e, call.limit());
                again = again && !(e instanceof HttpTimeoutException) || e instanceof ConnectException;
            } catch (InterruptedException e) {
                throw interrupted();
            }
            if (!again || attempt >= ATTEMPTS_MAX || !passing(failure)) throw failure;
            pause(attempt, answer);
        }
    }

    private static boolean passing(DeclawException failure) {
        int status = failure.status();
        return status == 0 || status >= 502 && status <= 504 || failure.code().equals("idempotency_in_progress");
    }

    private static void pause(int attempt, HttpResponse<?> answer) {
        Duration asked = answer == null ? null : retryAfter(answer);
        long millis = asked != null
                ? asked.toMillis()
                : (long) (250 * Math.pow(2, attempt - 1) * ThreadLocalRandom.current().nextDouble(0.5, 1));
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    /// Streams a body up; never sent twice, since it can be read only once.
    public JsonObject upload(String method, String path, InputStream content, String type) {
        HttpRequest request = request(path, LONG_MAX)
                .header("Content-Type", type)
                .method(method, BodyPublishers.ofInputStream(() -> content))
                .build();
        try {
            HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
            if (answer.statusCode() / 100 != 2) throw failureOf(answer.statusCode(), answer.body(), answer);
            return parse(answer.body()) instanceof JsonObject object ? object : new JsonObject();
        } catch (IOException e) {
            throw broken(e, LONG_MAX);
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    /// An answer whose body is read as it comes. The caller closes it.
    ///
    /// @param limit for the headers; the body may take any time
    public InputStream open(Call call) {
        HttpRequest.Builder request = request(call.path(), call.limit());
        if (call.body() != null) request.header("Content-Type", "application/json");
        BodyPublisher body =
                call.body() == null ? BodyPublishers.noBody() : BodyPublishers.ofString(call.body().toString());
        request.header("Accept", call.method().equals("GET") && !call.path().contains("/stream") && !call.path().contains("follow=")
                ? "*/*"
                : "text/event-stream");
        try {
            HttpResponse<InputStream> answer =
                    client.send(request.method(call.method(), body).build(), BodyHandlers.ofInputStream());
            if (answer.statusCode() / 100 == 2) return answer.body();
            try (InputStream in = answer.body()) {
                String text = new String(in.readNBytes(64 * 1024), StandardCharsets.UTF_8);
                throw failureOf(answer.statusCode(), text, answer);
            }
        } catch (IOException e) {
            throw broken(e, call.limit());
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    private HttpRequest.Builder request(String path, Duration limit) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path))
                .timeout(connection.requestTimeout().orElse(limit))
                .header("User-Agent", "declaw-java/0.1.0");
        if (!connection.apiKey().isEmpty()) request.header("Authorization", "Bearer " + connection.apiKey());
        return request;
    }

    private static Object parse(String text) {
        if (text.isBlank()) return new JsonObject();
        try {
            return JsonReader.read(text);
        } catch (JsonException e) {
            throw new DeclawException(
                    "the server's answer is not JSON; is this address a Declaw server?", "invalid_answer", 0, "");
        }
    }

    private static DeclawException failureOf(int status, String text, HttpResponse<?> answer) {
        JsonObject fields = objectOf(text);
        String message = fields.optionalText("message")
                .or(() -> fields.optionalText("error"))
                .orElse(text.isBlank() ? "no message" : text.substring(0, Math.min(text.length(), MESSAGE_CHARS_MAX)));
        return DeclawException.of(status, fields.text("code"), message, fields.text("reference"), retryAfter(answer));
    }

    private static JsonObject objectOf(String text) {
        try {
            return JsonObject.parse(text);
        } catch (JsonException e) {
            return new JsonObject();
        }
    }

    private static Duration retryAfter(HttpResponse<?> answer) {
        String text = answer.headers().firstValue("Retry-After").orElse("");
        if (!text.matches("[0-9]{1,9}")) return null;
        Duration asked = Duration.ofSeconds(Long.parseLong(text));
        return asked.compareTo(RETRY_AFTER_MAX) > 0 ? RETRY_AFTER_MAX : asked;
    }

    private DeclawException broken(IOException cause, Duration limit) {
        DeclawException failure;
        if (cause instanceof ConnectException || cause instanceof HttpConnectTimeoutException) {
            failure = new DeclawException.ConnectionFailed(
                    "no connection to " + connection.address()
                            + "; is the server up (./declaw up), and does DECLAW_DOMAIN name it?",
                    "connection_failed");
        } else if (cause instanceof HttpTimeoutException) {
            failure = new DeclawException.TimedOut(
                    connection.address() + " did not answer within "
                            + connection.requestTimeout().orElse(limit).toSeconds()
                            + " s; Connection.withRequestTimeout moves this limit",
                    "request_timeout", 0, "");
        } else {
            String why = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
            failure = new DeclawException.ConnectionFailed(
                    "the connection to " + connection.address() + " broke: " + why, "connection_failed");
        }
        failure.initCause(cause);
        return failure;
    }

    private static DeclawException interrupted() {
        Thread.currentThread().interrupt();
        return new DeclawException.ConnectionFailed("the thread was interrupted", "interrupted");
    }
}
