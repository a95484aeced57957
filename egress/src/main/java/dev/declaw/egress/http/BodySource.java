package dev.declaw.egress.http;

import io.netty.buffer.ByteBuf;

/// A body on its way in, whatever marks its end. One thread at a time.
public interface BodySource {
    /// The next bytes of the body, which the caller releases, or null when more input is needed or the body has ended.
    ByteBuf read(ByteBuf in) throws HttpViolation;

    /// True when the whole body was taken.
    boolean done();
}
