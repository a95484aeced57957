package dev.declaw.egress.content;

import dev.declaw.model.policy.ContentAction;
import dev.declaw.model.scan.Cleaner;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.ScanText;
import java.util.List;

/// Takes the characters that show nothing out of a streamed text, or counts them; those that JSON's escapes spell too. One
/// thread at a time.
final class StripStream extends WindowStream {
    private final Cleaner cleaner;
    private final boolean json;

    /// @param json whether escapes spell characters
    StripStream(Cleaner cleaner, ContentAction action, boolean json) {
        super(action);
        this.json = json;
        this.cleaner = cleaner;
    }

    @Override
    void look(StringBuilder out) {
        String source = window.text();
        int start = window.start();
        int end = window.settledEnd();
        window.left(end);
        out.append(cleaned(source.substring(start, end)));
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
