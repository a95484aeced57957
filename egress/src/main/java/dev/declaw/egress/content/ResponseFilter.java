package dev.declaw.egress.content;

/// One step that a response's body takes in stream order. The same result whatever the segmentation. One thread at a time.
interface ResponseFilter {
    /// Takes the next bytes and returns what may go on now.
    ///
    /// @throws UnreadableResponseException when the response must not go on
    byte[] feed(byte[] bytes, int offset, int length);

    /// Whether something that is whole in itself waits for what may follow it.
    default boolean holds() {
        return false;
    }

    /// Gives up waiting: what [#holds] spoke of.
    default byte[] release() {
        return new byte[0];
    }

    /// The rest, at the body's end.
    ///
    /// @throws UnreadableResponseException when the response must not end as if it were whole
    byte[] finish();
}
