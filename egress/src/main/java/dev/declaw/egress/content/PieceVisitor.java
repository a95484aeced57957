package dev.declaw.egress.content;

/// Told of every piece of text in a message, each with its way back to the source. One message, one thread.
interface PieceVisitor {
    /// A JSON string, its escapes resolved.
    ///
    /// @param key the member's name, or that of the nearest member around an array
    void string(View value, String key);

    /// The name of a JSON member, its escapes resolved.
    void name(View name);

    /// A bare JSON number.
    void number(View number, String key);

    /// The strings of one JSON text are over. What follows is the same text again when it was no JSON after all.
    void endOfJson(boolean wellFormed);

    /// A text in which `%XX`, and in forms `+`, stand for something: a path, a name or a value of a query or form.
    void encoded(View view, String key, boolean plusIsSpace);

    /// A text of its own: a whole body, a part of a multipart body, a header's value.
    void text(View view, String key);

    /// A body once more as a whole that has been shown in pieces already.
    void again(View view);

    /// A text inside a format that cannot be edited.
    void fixed(String text);

    /// Bytes that are no text, read as Latin-1.
    void binary(String latin1);
}
