package dev.declaw.egress.content;

import dev.declaw.model.policy.ContentAction;
import dev.declaw.model.policy.Reason;
import dev.declaw.model.scan.Cleaner;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.ScanText;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Takes the characters that show nothing out of a streamed text, or counts them; those that JSON's escapes spell too. One
/// thread at a time.
final class StripStream implements StreamStage {
    private final Cleaner cleaner;
    private final ContentAction action;
    private final boolean json;
    private final Window window = new Window();
    private final Map<String, Integer> counts = new HashMap<>();

    /// @param json whether escapes spell characters
    StripStream(Cleaner cleaner, ContentAction action, boolean json) {
        this.json = json;
        this.cleaner = cleaner;
        this.action = action;
    }

    @Override
    public Piece feed(String text, boolean last) {
        window.add(text);
        StringBuilder out = new StringBuilder();
        counts.clear();
        try {
            while (window.next(last)) {
                String source = window.text();
                int start = window.start();
                int end = window.settledEnd();
                window.left(end);
                out.append(cleaned(source.substring(start, end)));
            }
        } catch (Window.UnbrokenException e) {
            return Piece.refused(Reason.REQUEST_TOO_LARGE);
        } catch (RuntimeException e) {
            // Not judged, for whatever reason. The message may hold the text, so it goes nowhere.
            return Piece.refused(Reason.SCANNER_FAILED);
        }
        return Piece.of(out.toString(), counts, action == ContentAction.LOG_ONLY);
    }

    @Override
    public int heldChars() {
        return window.size();
    }

    /// Pieces end behind a plain character, so no sequence of hidden ones is cut.
    private String cleaned(String piece) {
        View plain = View.of(piece, 0, piece.length());
        View view = json ? plain.unescaped().orElse(plain) : plain;
        List<Finding> findings = cleaner.scan(ScanText.of(view.text()));
        findings.forEach(finding -> counts.merge(finding.type(), 1, Integer::sum));
        if (findings.isEmpty() || action == ContentAction.LOG_ONLY) return piece;
        Rewrites rewrites = new Rewrites();
        rewrites.difference(view, cleaner.clean(view.text()), json ? Spelling.JSON : Spelling.PLAIN);
        return rewrites.apply(piece, false);
    }
}
