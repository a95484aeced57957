package dev.declaw.egress.flow;

import dev.declaw.egress.http.ResponseHead;
import io.netty.buffer.ByteBuf;

/// Receives one response, on the event loop. After [#responseEnded] or [#responseFailed] nothing more comes.
interface ResponseListener {
    /// Never an interim response.
    void responseHead(ResponseHead head);

    /// @param data the callee releases it
    void responseData(ByteBuf data);

    /// @param reusable whether the connection may carry another request
    void responseEnded(boolean reusable);

    /// @param untouched no byte of a response had come
    void responseFailed(UpstreamFailure failure, boolean untouched);

    /// No more input for now: what was written may be flushed.
    void responsePaused();

    /// The upstream connection takes bytes again, or no longer.
    void upstreamWritable();
}
