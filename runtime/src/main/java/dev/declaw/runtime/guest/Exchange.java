package dev.declaw.runtime.guest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.model.failure.PlatformFailure;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// Requests and answers over the pool: one request, one answer, failures translated. Thread-safe.
final class Exchange {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int COPY_BYTES = 65536;

    /// Between the deadline for the first byte and the end of the exchange: silence must show as silence, for a connection that
    /// is closed without an answer counts as one that the agent had given up.
    private static final Duration END_GRACE = Duration.ofSeconds(2);

    private final ConnectionPool pool;
    private volatile Optional<String> token = Optional.empty();

    Exchange(ConnectionPool pool) {
        this.pool = pool;
    }

    Optional<String> token() {
        return token;
    }

    void token(String newToken) {
        token = Optional.of(newToken);
    }

    /// Sends JSON (or nothing, for null) and reads JSON.
    JsonNode json(String method, String target, JsonNode body, Duration deadline) {
        byte[] bytes = body == null ? new byte[0] : body.toString().getBytes(StandardCharsets.UTF_8);
        return bytes(method, target, bytes, deadline);
    }

    /// Sends bytes and reads JSON.
    JsonNode bytes(String method, String target, byte[] body, Duration deadline) {
        try (InputStream answer = open(method, target, body, deadline, false)) {
            byte[] bytes = answer.readNBytes(WireLimits.JSON_BYTES_MAX + 1);
            if (bytes.length > WireLimits.JSON_BYTES_MAX) {
                throw new GuestProtocolException("an answer of more than " + WireLimits.JSON_BYTES_MAX + " bytes");
            }
            return JSON.readTree(bytes);
        } catch (IOException failure) {
            throw unreachable(failure);
        }
    }

    /// Sends bytes and hands out the body of the answer, which must begin before the deadline and then may take its time.
    Answer stream(String method, String target, byte[] body, Duration deadline) {
        return open(method, target, body, deadline, true);
    }

    /// Sends bytes. Without `streaming`, the whole answer must have come soon after the deadline. A request on a connection that the agent has closed meanwhile is
    /// sent again on a new one: nothing of an answer had come, and the agent reads nothing of what comes after its close.
    private Answer open(String method, String target, byte[] body, Duration deadline, boolean streaming) {
        byte[] head = HttpHead.request(method, target, headers(body.length));
        GuestConnection used = pool.reused();
        if (used != null) {
            try {
                return send(used, head, body, deadline, streaming);
            } catch (IOException stale) {
                used.close();
                if (!(stale instanceof StaleConnectionException)) {
                    throw unreachable(stale);
                }
            }
        }
        GuestConnection connection = connect();
        try {
            return send(connection, head, body, deadline, streaming);
        } catch (IOException failure) {
            connection.close();
            throw unreachable(failure);
        }
    }

    /// Sends a stream of unknown length, chunked, on a connection of its own, and reads JSON. An answer that comes before the
    /// end of the body (disk full) ends the sending.
    JsonNode upload(String method, String target, InputStream content, Duration deadline) throws IOException {
        Map<String, String> headers = headers(-1);
        headers.put("Transfer-Encoding", "chunked");
        headers.put("Connection", "close");
        GuestConnection connection = connect();
        try {
            try {
                send(connection, HttpHead.request(method, target, headers));
                byte[] buffer = new byte[COPY_BYTES];
                for (int length = content.read(buffer);
                        length >= 0 && connection.in().available() == 0;
                        length = content.read(buffer)) {
                    if (length > 0) {
                        send(connection, chunk(buffer, length));
                    }
                }
                send(connection, "0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            } catch (SendException refused) {
                // The agent stopped reading; why stands in the answer, if there is one.
            }
            connection.readDeadline(deadline);
            connection.endAfter(deadline.plus(END_GRACE));
            try (Answer answer = answer(connection, false)) {
                return JSON.readTree(answer.readNBytes(WireLimits.JSON_BYTES_MAX));
            } catch (IOException failure) {
                throw unreachable(failure);
            }
        } finally {
            connection.close();
        }
    }

    /// Turns a connection of its own into a tunnel.
    GuestTunnel tunnel(String target, String protocol, Duration deadline) {
        Map<String, String> headers = headers(0);
        headers.put("Connection", "Upgrade");
        headers.put("Upgrade", protocol);
        GuestConnection connection = connect();
        try {
            connection.readDeadline(deadline);
            connection.endAfter(deadline.plus(END_GRACE));
            byte[] request = HttpHead.request("GET", target, headers);
            connection.write(request, request.length);
            HttpHead head = HttpHead.read(connection.in(), true);
            if (head.status() != HttpHead.SWITCHED) {
                if (head.status() < 300) throw new GuestProtocolException("no tunnel and no refusal");
                throw refusal(head.status(), new BodyStream(connection, head, connection::close));
            }
            connection.endNever();
            connection.readForever();
            return new ConnectionTunnel(connection);
        } catch (IOException failure) {
            connection.close();
            throw unreachable(failure);
        } catch (PlatformFailure refused) {
            connection.close();
            throw refused;
        }
    }

    private record ConnectionTunnel(GuestConnection connection) implements GuestTunnel {
        @Override
        public InputStream in() {
            return connection.in();
        }

        @Override
        public void write(byte[] bytes, int length) throws IOException {
            connection.write(bytes, length);
        }

        @Override
        public void readDeadline(Duration deadline) throws IOException {
            if (deadline.isZero()) {
                connection.readForever();
            } else {
                connection.readDeadline(deadline);
            }
        }

        @Override
        public void close() {
            connection.close();
        }
    }

    private static final class SendException extends IOException {
        private static final long serialVersionUID = 1L;

        SendException(IOException cause) {
            super(cause);
        }
    }

    private static final class StaleConnectionException extends IOException {
        private static final long serialVersionUID = 1L;

        StaleConnectionException(IOException cause) {
            super(cause);
        }
    }

    private static void send(GuestConnection connection, byte[] bytes) throws SendException {
        try {
            connection.write(bytes, bytes.length);
        } catch (IOException failure) {
            throw new SendException(failure);
        }
    }

    private static byte[] chunk(byte[] buffer, int length) {
        byte[] head = (Integer.toHexString(length) + "\r\n").getBytes(StandardCharsets.US_ASCII);
        byte[] chunk = new byte[head.length + length + 2];
        System.arraycopy(head, 0, chunk, 0, head.length);
        System.arraycopy(buffer, 0, chunk, head.length, length);
        chunk[chunk.length - 2] = '\r';
        chunk[chunk.length - 1] = '\n';
        return chunk;
    }

    private GuestConnection connect() {
        try {
            return pool.fresh(WireLimits.CONNECT_DEADLINE);
        } catch (IOException failure) {
            throw new PlatformFailure.GuestUnreachable("the sandbox's agent cannot be reached", failure, true);
        }
    }

    private Map<String, String> headers(int contentLength) {
        Map<String, String> headers = new LinkedHashMap<>();
        token.ifPresent(secret -> headers.put("Authorization", "Bearer " + secret));
        if (contentLength >= 0) {
            headers.put("Content-Length", Integer.toString(contentLength));
        }
        return headers;
    }

    private Answer send(
            GuestConnection connection, byte[] head, byte[] body, Duration deadline, boolean streaming)
            throws IOException {
        try {
            byte[] request = new byte[head.length + body.length];
            System.arraycopy(head, 0, request, 0, head.length);
            System.arraycopy(body, 0, request, head.length, body.length);
            connection.readDeadline(deadline);
            connection.endAfter(deadline.plus(END_GRACE));
            connection.write(request, request.length);
            connection.in().mark(1);
            if (connection.in().read() < 0) {
                throw new IOException("the agent closed the connection");
            }
            connection.in().reset();
        } catch (SocketTimeoutException late) {
            throw late;
        } catch (IOException failure) {
            throw new StaleConnectionException(failure);
        }
        return answer(connection, streaming);
    }

    private Answer answer(GuestConnection connection, boolean streaming) throws IOException {
        HttpHead head = HttpHead.read(connection.in());
        connection.readDeadline(WireLimits.READ_DEADLINE);
        if (streaming && head.status() < 300) {
            connection.endNever();
        }
        BodyStream body = new BodyStream(connection, head, () -> {
            connection.endNever();
            if (head.reusable()) {
                pool.giveBack(connection);
            } else {
                connection.close();
            }
        });
        if (head.status() >= 300) {
            throw refusal(head.status(), body);
        }
        return new Answer(body, head.contentLength().orElse(-1));
    }

    private static PlatformFailure refusal(int status, InputStream body) throws IOException {
        String code = "internal";
        String message = "the guest agent answered " + status;
        try (body) {
            JsonNode error = JSON.readTree(body.readNBytes(COPY_BYTES));
            // The rest of a longer answer is not worth reading; closing cuts the connection.
            code = error.path("code").asText(code).replaceAll("[^a-z0-9_]", "");
            message = GuestText.clean(error.path("message").asText(message), WireLimits.MESSAGE_CHARACTERS_MAX);
        }
        code = code.isEmpty() || code.length() > 64 ? "internal" : code;
        return switch (status) {
            case 400 -> new PlatformFailure.InvalidRequest(code, message);
            case 403 -> new PlatformFailure.PermissionDenied(code, message);
            case 404 -> new PlatformFailure.NotFound(code, message);
            case 409 -> new PlatformFailure.Conflict(code, message);
            case 413 -> new PlatformFailure.TooLarge(code, message);
            default -> new PlatformFailure.GuestUnreachable("the guest agent failed: " + message, null);
        };
    }

    static PlatformFailure.GuestUnreachable unreachable(IOException cause) {
        String why = cause instanceof SocketTimeoutException ? "does not answer in time" : "does not answer properly";
        return new PlatformFailure.GuestUnreachable("the sandbox's agent " + why, cause);
    }
}
