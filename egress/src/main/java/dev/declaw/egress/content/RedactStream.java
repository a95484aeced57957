package dev.declaw.egress.content;

import dev.declaw.model.policy.ContentAction;
import dev.declaw.model.scan.Scanner;

/// Replaces, or counts, the personal data of a streamed text. It is read as it stands, with its escapes resolved once and
/// twice (JSON within JSON), percent-decoded, and with its encoded runs decoded, as a body that is held is. One thread at a time.
final class RedactStream extends WindowStream {
    private final Scanner scanner;
    private final TokenVault vault;
    private final StreamedText format;
    private final String host;

    /// @param format what the text is
    RedactStream(Scanner scanner, TokenVault vault, ContentAction action, StreamedText format, String host) {
        super(action);
        this.scanner = scanner;
        this.vault = vault;
        this.format = format;
        this.host = host;
    }

    @Override
    void look(StringBuilder out) {
        String source = window.text();
        int start = window.start();
        int end = window.settledEnd();
        Edits edits = new Edits();
        if (end > start) {
            TextScan scan = new TextScan(scanner, vault);
            View whole = View.of(source, 0, source.length());
            scan.encoded(whole, "", format == StreamedText.FORM);
            whole.unescaped().ifPresent(plain -> scan.text(plain, ""));
            edits = scan.edits();
            edits.settle(source);
            while (end > start) { // to a place that nothing found crosses
                int crossed = edits.startOfWhatCrosses(end);
                if (crossed < 0) break;
                end = crossed <= start ? start : window.cutBefore(crossed);
            }
            edits.keepWithin(source, start, end, format == StreamedText.JSON);
        }
        window.left(end);
        edits.counts().forEach((type, number) -> counts.merge(type, number, Integer::sum));
        String piece = source.substring(start, end);
        boolean changes = !edits.isEmpty() && action != ContentAction.LOG_ONLY;
        out.append(changes ? edits.shifted(start).apply(piece, vault, host) : piece);
    }
}
