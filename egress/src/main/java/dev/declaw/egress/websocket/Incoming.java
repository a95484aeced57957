package dev.declaw.egress.websocket;

import io.netty.buffer.ByteBuf;

/// What a peer sent, unmasked and checked.
public sealed interface Incoming {
    /// The next bytes of a message, in any number of pieces, whatever frames they came in.
    ///
    /// @param data owned by the receiver; may be empty
    /// @param text whether the message is text; its bytes are valid UTF-8 then, though a piece may end inside a character
    /// @param first whether the message begins here
    /// @param last whether it ends here
    record Piece(ByteBuf data, boolean text, boolean first, boolean last) implements Incoming {}

    /// @param payload at most 125 bytes
    record Ping(byte[] payload) implements Incoming {}

    /// @param payload at most 125 bytes
    record Pong(byte[] payload) implements Incoming {}

    /// Nothing follows it.
    ///
    /// @param code [CloseCode#NONE] when the frame had no body
    /// @param reason valid UTF-8, at most 123 bytes
    record Close(int code, byte[] reason) implements Incoming {}
}
