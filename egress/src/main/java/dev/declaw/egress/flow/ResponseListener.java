package dev.declaw.egress.flow;

import dev.declaw.egress.http.Field;
import dev.declaw.egress.http.ResponseHead;
import io.netty.buffer.ByteBuf;
import java.util.List;

/// Receives one response, on the event loop. After [#responseEnded] or [#responseFailed] nothing more comes.
interface ResponseListener {
    /// Never an interim response.
    void responseHead(ResponseHead head);

    /// @param data the callee releases it
    void responseData(ByteBuf data);

    /// The origin agreed to the upgrade that was asked for. The connection is the listener's from now on.
    ///
    /// @param surplus what came behind the head, owned by the listener; null for nothing
    void upgraded(ResponseHead head, UpstreamConnection connection, ByteBuf surplus);

    /// @param reusable whether the connection may carry another request
    /// @param trailers fields behind the body, without framing and hop-by-hop fields
    void responseEnded(boolean reusable, List<Field> trailers);

    /// @param untouched no byte of a response had come
    void responseFailed(UpstreamFailure failure, boolean untouched);

    /// No more input for now: what was written may be flushed.
    void responsePaused();

    /// The upstream connection takes bytes again, or no longer.
    void upstreamWritable();
}
