package dev.declaw.server.ports;

import dev.declaw.runtime.guest.GuestTunnel;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;

/// Relays one exchange between a caller and a server inside a sandbox, with constant memory. Used by one thread.
///
/// The request goes out first, then the answer comes back; a server that answers early ends the sending. What arrives is passed on
/// at once.
public final class PortRelay {
    /// How long a server may take to begin its answer.
    private static final Duration ANSWER_WITHIN = Duration.ofMinutes(5);

    /// Silence inside an answer that is not a stream of events.
    private static final Duration BODY_SILENCE_MAX = Duration.ofMinutes(10);

    /// After such a silence a stream of events gets a comment, which finds out whether the caller is still there.
    private static final Duration EVENT_SILENCE = Duration.ofSeconds(15);

    private static final int COPY_BYTES = 64 * 1024;
    private static final byte[] COMMENT = ": keep-alive\n\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] LINE_END = {'\r', '\n'};
    private static final byte[] LAST_CHUNK = "0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private final GuestTunnel tunnel;
    private final Request request;
    private final Response response;
    private final PortTarget target;

    /// What went wrong before anything of an answer was passed on.
    public static final class NoAnswerException extends IOException {
        private static final long serialVersionUID = 1L;

        private final boolean late;

        NoAnswerException(IOException cause) {
            super(cause instanceof GuestHead.MalformedException ? cause.getMessage() : "it closed the connection", cause);
            late = cause instanceof SocketTimeoutException;
        }

        /// True when it took too long; false when it was no answer.
        public boolean late() {
            return late;
        }
    }

    public PortRelay(GuestTunnel tunnel, Request request, Response response, PortTarget target) {
        this.tunnel = tunnel;
        this.request = request;
        this.response = response;
        this.target = target;
    }

    /// Relays the exchange.
    ///
    /// @return the connection that takes over when the server agreed to speak WebSocket; otherwise the answer was passed on whole
    /// @throws NoAnswerException when nothing was passed on yet
    /// @throws IOException when the answer or the caller broke off in between
    public Optional<UpgradedConnection> run() throws IOException {
        GuestHead head = exchangeHeads();
        boolean upgraded = head.status() == 101;
        if (upgraded && !PortRequest.webSocket(request)) {
            throw new NoAnswerException(new GuestHead.MalformedException("it switched protocols unasked"));
        }
        response.setStatus(head.status());
        for (GuestHead.Field field : head.passedOn()) response.getHeaders().add(new HttpField(field.name(), field.value()));
        if (upgraded) {
            response.getHeaders().put(HttpHeader.UPGRADE, "websocket");
            response.getHeaders().put(HttpHeader.CONNECTION, "Upgrade");
            UpgradedConnection connection = new UpgradedConnection(request, tunnel);
            request.setAttribute(org.eclipse.jetty.server.HttpStream.UPGRADE_CONNECTION_ATTRIBUTE, (Connection) connection);
            return Optional.of(connection);
        }
        sendBody(head);
        return Optional.empty();
    }

    private GuestHead exchangeHeads() throws IOException {
        try {
            byte[] head = PortRequest.head(request, target);
            tunnel.write(head, head.length);
        } catch (IOException e) {
            throw new NoAnswerException(e);
        }
        if (PortRequest.hasBody(request)) upload();
        try {
            tunnel.readDeadline(ANSWER_WITHIN);
            GuestHead head = GuestHead.read(tunnel.in());
            if (!head.chunked()) head.contentLength(); // refused here, where it can still be said
            return head;
        } catch (IOException e) {
            throw new NoAnswerException(e);
        }
    }

    /// A server that stops reading has answered, or its answer fails to come: either is found out by who reads it.
    private void upload() throws IOException {
        boolean chunked = request.getLength() < 0;
        byte[] buffer = new byte[COPY_BYTES];
        try (InputStream body = Content.Source.asInputStream(request)) {
            for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
                if (n == 0) continue;
                if (tunnel.in().available() > 0) return; // answered early
                try {
                    if (chunked) {
                        byte[] size = (Integer.toHexString(n) + "\r\n").getBytes(StandardCharsets.US_ASCII);
                        tunnel.write(size, size.length);
                    }
                    tunnel.write(buffer, n);
                    if (chunked) tunnel.write(LINE_END, LINE_END.length);
                } catch (IOException e) {
                    return;
                }
            }
        }
        if (chunked) writeQuietly(LAST_CHUNK);
    }

    private void writeQuietly(byte[] bytes) {
        try {
            tunnel.write(bytes, bytes.length);
        } catch (IOException e) {
            // as in upload
        }
    }

    private void sendBody(GuestHead head) throws IOException {
        boolean none = request.getMethod().equals("HEAD") || head.status() == 204 || head.status() == 304;
        GuestBody body = GuestBody.of(head, none, tunnel.in());
        if (!none || request.getMethod().equals("HEAD")) {
            head.contentLength().ifPresent(length -> response.getHeaders().put(HttpHeader.CONTENT_LENGTH, length));
        }
        boolean http1 = request.getConnectionMetaData().getHttpVersion() == HttpVersion.HTTP_1_1;
        if (!none && http1 && head.contentLength().isEmpty()) {
            // Otherwise a caller that wants the connection closed could not tell a cut answer from a whole one.
            response.getHeaders().put(HttpHeader.TRANSFER_ENCODING, "chunked");
        }
        boolean events = head.value("Content-Type").orElse("").startsWith("text/event-stream")
                && head.value("Content-Encoding").isEmpty() && head.contentLength().isEmpty();
        tunnel.readDeadline(events ? EVENT_SILENCE : BODY_SILENCE_MAX);
        if (!none) write(new byte[0], 0, false); // the head at once
        byte[] buffer = new byte[COPY_BYTES];
        int newlines = 2; // at the end of what was sent: a comment may stand only between events
        while (true) {
            int n;
            try {
                n = body.read(buffer, 0, buffer.length);
            } catch (SocketTimeoutException silence) {
                if (!events) throw silence;
                if (newlines >= 2) write(COMMENT, COMMENT.length, false);
                continue;
            }
            if (n < 0) break;
            for (int i = Math.max(0, n - 2); i < n; i++) newlines = buffer[i] == '\n' ? newlines + 1 : 0;
            write(buffer, n, false);
        }
        write(buffer, 0, true);
    }

    private void write(byte[] bytes, int length, boolean last) throws IOException {
        Content.Sink.write(response, last, ByteBuffer.wrap(bytes, 0, length));
    }
}
