package dev.declaw.guardrails.injection;

import dev.declaw.guardrails.AnchorDfa;
import dev.declaw.guardrails.FoldedText;
import java.util.List;

/// Finds chat-template markers: outside a template they only occur where text wants to pass for a message.
final class RoleMarkers {
    static final List<String> MARKERS = List.of(
            "<|im_start|>", "<|im_end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|start_header_id|>", "<|eot_id|>", "<|endoftext|>", "[/inst]", "<<sys>>",
            "<</sys>>", "<start_of_turn>", "<end_of_turn>", "</tool_result>", "</function_results>", "</tool_response>", "end of tool result", "<system>", "</system>");

    private static final AnchorDfa ANCHORS = AnchorDfa.of(MARKERS, "");

    private RoleMarkers() {}

    /// Index after the first marker in the text, or -1.
    static int first(String text) {
        FoldedText folded = FoldedText.of(text);
        int[] end = {-1};
        ANCHORS.run(folded, (at, c, ended) -> {
            if (end[0] < 0) end[0] = folded.source(at) + 1;
        });
        return end[0];
    }
}
