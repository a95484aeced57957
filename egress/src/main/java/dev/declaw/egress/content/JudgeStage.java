package dev.declaw.egress.content;

import dev.declaw.model.policy.ContentAction;
import dev.declaw.model.policy.Reason;
import dev.declaw.model.policy.StagePolicy;
import dev.declaw.model.scan.Author;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A stage that judges what a request says and lets it pass or not. Thread-safe.
///
/// @param scanner plugged in; see [Scanner]
/// @param policy what to do with what it finds
/// @param blocked the reason of a block
/// @param reading how the scanner wants its texts
record JudgeStage(Scanner scanner, StagePolicy policy, Reason blocked, Reading reading) {
    /// How a scanner wants the texts of a message.
    enum Reading {
        /// Field by field.
        FIELDS,
        /// All that is said in one; the body of an LLM API as it is, since the scanner takes it apart by role.
        WHOLE,
        /// All that is said in one; of an LLM API's body what others than the operator say.
        SPOKEN
    }

    /// Texts are joined up to this length; longer ones are cut, with an overlap.
    private static final int TEXT_CHARS_MAX = 1024 * 1024;
    private static final int OVERLAP_CHARS = 4096;

    /// What there is to judge.
    ///
    /// @param head texts of target and headers
    /// @param body texts of the body, field by field
    /// @param whole the body as one text; empty when it is none
    /// @param conversation the body of an LLM API by role
    record Said(List<ScanText> head, List<ScanText> body, String whole, Optional<List<ScanText>> conversation) {}

    /// @throws RuntimeException when the scanner cannot judge
    Screened<Void> judge(Said said) {
        Map<String, Integer> counts = new HashMap<>();
        for (List<Finding> findings : scanner.scanAll(texts(said))) {
            for (Finding finding : findings) counts.merge(finding.type(), 1, Integer::sum);
        }
        if (counts.isEmpty()) return new Screened.Clean<>();
        return policy.action() == ContentAction.BLOCK
                ? new Screened.Blocked<>(counts, blocked)
                : new Screened.Logged<>(counts);
    }

    private List<ScanText> texts(Said said) {
        List<ScanText> texts = new ArrayList<>();
        switch (reading) {
            case FIELDS -> {
                said.head().forEach(text -> cut(text.text(), text.key(), texts));
                said.body().forEach(text -> cut(text.text(), text.key(), texts));
            }
            case WHOLE -> {
                join(said.head(), texts);
                if (said.conversation().isPresent()) texts.add(ScanText.of(said.whole()));
                else join(said.body(), texts);
            }
            case SPOKEN -> {
                join(said.head(), texts);
                join(
                        said.conversation()
                                .map(pieces -> pieces.stream()
                                        .filter(piece -> piece.author() != Author.SYSTEM)
                                        .toList())
                                .orElse(said.body()),
                        texts);
            }
        }
        return texts;
    }

    private static void join(List<ScanText> pieces, List<ScanText> texts) {
        StringBuilder joined = new StringBuilder();
        for (ScanText piece : pieces) {
            if (joined.length() + piece.text().length() > TEXT_CHARS_MAX) {
                cut(joined.toString(), "", texts);
                joined.setLength(0);
            }
            joined.append(piece.text()).append('\n');
        }
        cut(joined.toString(), "", texts);
    }

    private static void cut(String text, String key, List<ScanText> texts) {
        for (int from = 0; from < text.length(); from += TEXT_CHARS_MAX - OVERLAP_CHARS) {
            int to = Math.min(text.length(), from + TEXT_CHARS_MAX);
            texts.add(new ScanText(text.substring(from, to), key));
            if (to == text.length()) return;
        }
    }
}
