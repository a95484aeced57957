package dev.declaw.guardrails.encoder;

import java.util.List;

/// Says of each word piece whether it belongs to a name or an address. Thread-safe.
public interface PieceTagger {
    /// Texts of one call.
    int BATCH_MAX = 32;

    /// Characters of one text, so that none of its pieces is left out.
    int TEXT_CHARS_MAX = 500;

    /// What the pieces of a text are. The arrays are parallel and not to be changed.
    ///
    /// @param starts first UTF-16 index of each piece
    /// @param ends index after its last one
    /// @param inside whether the piece goes on with the word of the piece before it
    /// @param logits log-odds of each [Tag], in its order, up to a constant a piece
    record Tagged(int[] starts, int[] ends, boolean[] inside, float[][] logits) {}

    /// What a piece can be.
    enum Tag {
        NOTHING,
        PERSON_BEGINS,
        PERSON_GOES_ON,
        ADDRESS_BEGINS,
        ADDRESS_GOES_ON
    }

    /// Tags each text.
    ///
    /// @param texts at most [#BATCH_MAX], each at most [#TEXT_CHARS_MAX] characters long
    /// @throws IllegalStateException when the model cannot run; callers treat that as a block (fail closed)
    List<Tagged> tags(List<String> texts);
}
