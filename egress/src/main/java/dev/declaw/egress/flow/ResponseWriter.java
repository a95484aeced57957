package dev.declaw.egress.flow;

import dev.declaw.egress.http.BodyFraming;
import dev.declaw.egress.http.Field;
import io.netty.buffer.ByteBuf;
import java.util.List;

/// Writes one response towards the guest in the guest's version of HTTP. Used on one event loop only.
interface ResponseWriter {
    /// @param framing how the body will end; the writer chooses another one where the guest cannot read it
    /// @param announcedLength Content-Length of a response that has no body of its own; negative for none
    /// @param close whether the connection ends with this response in any case
    /// @return bytes written
    int head(int status, String reason, List<Field> fields, BodyFraming framing, long announcedLength, boolean close);

    /// @param data owned by the writer
    void data(ByteBuf data);

    /// @param trailers fields that came behind the body; a writer may drop them
    void end(List<Field> trailers);

    void flush();

    /// Whether the guest takes more without our holding it.
    boolean writable();

    /// Whether the end of the connection is the end of the body.
    boolean untilClose();
}
