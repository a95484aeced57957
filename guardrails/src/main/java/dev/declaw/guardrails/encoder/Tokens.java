package dev.declaw.guardrails.encoder;

/// A text as word pieces. The arrays are parallel and not to be changed.
///
/// @param ids numbers of the pieces, without the markers at start and end
/// @param starts first UTF-16 index of each piece in the text
/// @param ends index after the last one
record Tokens(int[] ids, int[] starts, int[] ends) {}
