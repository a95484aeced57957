package dev.declaw.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.auth.Caller;
import dev.declaw.runtime.guest.GuestTunnel;
import dev.declaw.server.metrics.ServerMetrics;
import dev.declaw.server.ports.PortRelay;
import dev.declaw.server.ports.PortTarget;
import dev.declaw.server.ports.UpgradedConnection;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;

/// One request and its answer, as endpoints see them. Reading and writing block; used by one thread.
final class HttpCall {
    static final int JSON_BYTES_MAX = 10 * 1024 * 1024;

    private static final byte[] SPACE = {' '};

    private final Request request;
    private final Response response;
    private List<String> segments = List.of();
    private Query query = new Query(null);
    private Map<String, String> parameters = Map.of();
    private Optional<String> bodyDigest = Optional.empty();
    private Caller caller;
    private boolean answered;
    private final ServerMetrics metrics;
    private final long begun = System.nanoTime();
    private String routeMethod = "other";
    private String routePath = "unknown";
    private boolean streaming;
    private boolean ended;

    /// A write that failed because the caller is gone.
    static final class CallerGoneException extends UncheckedIOException {
        private static final long serialVersionUID = 1L;

        CallerGoneException(IOException cause) {
            super("the caller went away", cause);
        }
    }

    HttpCall(Request request, Response response, ServerMetrics metrics) {
        this.metrics = metrics;
        this.request = request;
        this.response = response;
    }

    /// Decodes the URL; called before anything else.
    ///
    /// @throws PlatformFailure.InvalidRequest when it cannot be decoded
    void readUrl() {
        this.segments = Arrays.stream(request.getHttpURI().getPath().split("/"))
                .filter(segment -> !segment.isEmpty()) // one client asks for //sandboxes when its base URL ends in a slash
                .map(segment -> Query.decode(segment, false))
                .toList();
        this.query = new Query(request.getHttpURI().getQuery());
    }

    String method() {
        return request.getMethod();
    }

    List<String> segments() {
        return segments;
    }

    Query query() {
        return query;
    }

    /// Value of a header, or null.
    String header(String name) {
        return request.getHeaders().get(name);
    }

    /// Whether the connection comes from this machine's own loopback.
    boolean fromThisMachine() {
        return request.getConnectionMetaData().getRemoteSocketAddress() instanceof java.net.InetSocketAddress remote
                && remote.getAddress() != null
                && remote.getAddress().isLoopbackAddress();
    }

    /// Whether a proxy says that it speaks for somebody else (RFC 7239, and what was used before it).
    boolean forwarded() {
        return header("Forwarded") != null || header("X-Forwarded-For") != null || header("X-Real-IP") != null || header("Via") != null;
    }

    /// A variable of the route's path.
    String parameter(String name) {
        return parameters.get(name);
    }

    /// Which route it is counted under.
    void found(Router.Route route) {
        routeMethod = route.method();
        routePath = route.template();
    }

    /// The answer is a stream of events from now on: how long it lasts says nothing about the server.
    void streams() {
        streaming = true;
        metrics.streamOpened();
        metrics.answered(routeMethod, routePath, Duration.ofNanos(System.nanoTime() - begun));
    }

    /// Counts the call, once.
    void ended(int status) {
        if (ended) return;
        ended = true;
        if (streaming) metrics.streamEnded();
        else metrics.answered(routeMethod, routePath, Duration.ofNanos(System.nanoTime() - begun));
        metrics.ended(routeMethod, routePath, status);
    }

    void route(Map<String, String> found, Caller authenticated) {
        parameters = found;
        caller = authenticated;
    }

    /// Who calls. Not for routes that are open to everybody.
    Caller caller() {
        return Objects.requireNonNull(caller);
    }

    /// Whose resources the call is about.
    String owner() {
        return caller().owner();
    }

    /// The JSON object in the body; an empty body is an empty object (wire-api 1.4).
    JsonBody body() {
        byte[] bytes = bodyBytes();
        if (bytes.length == 0) return new JsonBody(Json.object());
        return JsonBody.of("", Json.parse(bytes));
    }

    /// The whole body, up to [#JSON_BYTES_MAX].
    byte[] bodyBytes() {
        String tooLarge = "the JSON body is larger than " + JSON_BYTES_MAX + " bytes; use files/raw for large content";
        if (request.getLength() > JSON_BYTES_MAX) throw new PlatformFailure.TooLarge("body_too_large", tooLarge);
        try (InputStream in = Content.Source.asInputStream(request)) {
            byte[] bytes = in.readNBytes(JSON_BYTES_MAX + 1);
            if (bytes.length > JSON_BYTES_MAX) throw new PlatformFailure.TooLarge("body_too_large", tooLarge);
            bodyDigest = idempotencyKey().map(_ -> Sha256.hex(bytes));
            return bytes;
        } catch (IOException e) {
            throw new CallerGoneException(e);
        }
    }

    /// SHA-256 of the body that was read, when there is an idempotency key to compare it for.
    Optional<String> bodyDigest() {
        return bodyDigest;
    }

    /// Length that the caller announced, or -1.
    long bodyLength() {
        return request.getLength();
    }

    /// The body as a stream; the caller closes it.
    InputStream bodyStream() {
        return Content.Source.asInputStream(request);
    }

    void json(int status, JsonNode answer) {
        jsonText(status, Json.write(answer));
    }

    /// Sends JSON text that is ASCII already.
    void jsonText(int status, String answer) {
        byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
        start(status, "application/json");
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, bytes.length);
        write(bytes, true);
    }

    /// Begins an answer of unknown length. Nothing is sent before the first write.
    void start(int status, String contentType) {
        response.setStatus(status);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
    }

    void responseHeader(String name, String value) {
        response.getHeaders().put(name, value);
    }

    void contentLength(long bytes) {
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, bytes);
    }

    /// Sends bytes at once.
    ///
    /// @throws CallerGoneException when nobody reads them
    void write(byte[] bytes, boolean last) {
        write(ByteBuffer.wrap(bytes), last);
    }

    void write(ByteBuffer bytes, boolean last) {
        answered |= last;
        try {
            Content.Sink.write(response, last, bytes);
        } catch (IOException e) {
            throw new CallerGoneException(e);
        }
    }

    /// One blank, which every client's JSON parser skips: keeps a long call's connection alive (wire-api 1.10).
    void dribble() {
        if (!committed()) start(200, "application/json");
        write(SPACE, false);
    }

    /// Ends an answer that [#dribble] may have begun.
    void endJson(JsonNode answer) {
        if (committed()) write(Json.write(answer).getBytes(StandardCharsets.US_ASCII), true);
        else json(200, answer);
    }

    /// What follows the first segments of the path, with the query, as the caller wrote it; `/` when nothing does.
    String pathAndQueryBehind(int segmentsBefore) {
        String path = request.getHttpURI().getPath();
        int at = 0;
        for (int i = 0; i < segmentsBefore; i++) {
            while (at < path.length() && path.charAt(at) == '/') at++;
            while (at < path.length() && path.charAt(at) != '/') at++;
        }
        String rest = at < path.length() ? path.substring(at) : "/";
        String text = request.getHttpURI().getQuery();
        return text == null ? rest : rest + "?" + text;
    }

    /// Hands the whole exchange to a server inside a sandbox.
    Optional<UpgradedConnection> relay(GuestTunnel tunnel, PortTarget target) throws IOException {
        Optional<UpgradedConnection> upgraded = new PortRelay(tunnel, request, response, target).run();
        answered = true;
        return upgraded;
    }

    boolean committed() {
        return response.isCommitted();
    }

    boolean answered() {
        return answered;
    }

    /// Sends an error, when that is still possible.
    void fail(Errors.Answer error) {
        response.reset();
        error.headers().forEach(this::responseHeader);
        json(error.status(), error.body());
    }

    Optional<String> idempotencyKey() {
        return Optional.ofNullable(header("Idempotency-Key")).filter(key -> !key.isEmpty());
    }

    /// True for the Python client's one-shot stream, which sends only `X-API-Key` (wire-api 4.3).
    boolean keyHeaderOnly() {
        return header("Authorization") == null && header("X-API-Key") != null;
    }
}
