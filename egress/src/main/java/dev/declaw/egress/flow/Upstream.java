package dev.declaw.egress.flow;

import dev.declaw.egress.http.BodyFraming;
import dev.declaw.egress.http.Field;
import io.netty.buffer.ByteBuf;
import java.net.InetAddress;
import java.util.List;

/// The origin's end of one request: a connection of HTTP/1.1, or a stream of HTTP/2. Used on its event loop only.
interface Upstream {
    /// What is sent, in the form that every version writes in its own way.
    ///
    /// @param authority canonical host, with the port where it is not the scheme's default
    /// @param upgrade whether the fields ask to leave HTTP, so that a 101 is an answer
    record Request(
            String method,
            String scheme,
            String target,
            String authority,
            List<Field> fields,
            BodyFraming framing,
            boolean upgrade) {}

    /// The checked address that was dialled.
    InetAddress address();

    /// Sends a head, and the whole body where there is one already, and names who gets the response.
    ///
    /// @param content the whole body, or empty; then [#write] and [#end] send what the framing announces
    /// @return bytes written
    int send(Request request, byte[] content, ResponseListener listener);

    /// @param data owned by the upstream
    void write(ByteBuf data);

    void end();

    void flush();

    /// Whether it takes more without our holding it.
    boolean writable();

    /// Takes more of the response, or lets the origin wait.
    void read(boolean more);

    /// The exchange is over.
    ///
    /// @param clean whether both messages were complete, so that what carried them may carry others
    void over(boolean clean, Requester requester);

    /// Gives it up, whatever it is doing. The listener hears nothing more.
    void drop();
}
