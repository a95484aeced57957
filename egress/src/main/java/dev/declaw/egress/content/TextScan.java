package dev.declaw.egress.content;

import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;

/// Scans one source text through its views and collects the edits. One call, one thread.
///
/// Each view is read as it stands, after one and two rounds of percent-decoding, and with runs of base64 or hex decoded
/// once. What is found in any of them is replaced in the source.
final class TextScan implements PieceVisitor {
    private static final int PERCENT_ROUNDS = 2;
    /// Shorter stretches of letters arise by chance in compressed data.
    private static final int BINARY_RUN_CHARS_MIN = 11;

    private final Scanner scanner;
    private final TokenVault vault;
    private final Set<String> exempt;
    private final Set<String> exemptInRuns;
    private final Edits edits = new Edits();
    private JoinedStrings joined;

    TextScan(Scanner scanner, TokenVault vault) {
        this(scanner, vault, Set.of(), Set.of());
    }

    /// @param exempt types that may stand in this part, as a key may in an authorization header
    /// @param exemptInRuns types that may stand in its encoded runs
    TextScan(Scanner scanner, TokenVault vault, Set<String> exempt, Set<String> exemptInRuns) {
        this.scanner = scanner;
        this.vault = vault;
        this.exempt = exempt;
        this.exemptInRuns = exemptInRuns;
    }

    Edits edits() {
        return edits;
    }

    @Override
    public void string(View value, String key) {
        text(value, key);
        if (joined == null) joined = new JoinedStrings(scanner, edits);
        joined.add(key, value.text());
    }

    @Override
    public void name(View name) {
        text(name, "");
    }

    /// What was found until it turned out to be no JSON stays found.
    @Override
    public void endOfJson(boolean wellFormed) {
        if (joined != null) joined.finish();
        joined = null;
    }

    @Override
    public void again(View view) {
        text(view, "");
    }

    /// Any text: as it stands, with backslash escapes resolved, and percent-decoded.
    @Override
    public void text(View view, String key) {
        encoded(view, key, false);
        view.unescaped().ifPresent(plain -> one(plain, key));
    }

    /// A text in which `%XX`, and in forms `+`, stand for something.
    @Override
    public void encoded(View view, String key, boolean plusIsSpace) {
        one(view, key);
        View round = view;
        for (int i = 0; i < PERCENT_ROUNDS; i++) {
            Optional<View> decoded = round.percentDecoded(false);
            if (decoded.isEmpty()) break;
            round = decoded.get();
            one(round, key);
        }
        if (plusIsSpace && view.text().indexOf('+') >= 0) {
            round = view;
            for (int i = 0; i < PERCENT_ROUNDS; i++) {
                Optional<View> decoded = round.percentDecoded(i == 0);
                if (decoded.isEmpty()) break;
                round = decoded.get();
                one(round, key);
            }
        }
    }

    /// A bare JSON number: its token needs quotes.
    @Override
    public void number(View view, String key) {
        String text = view.text();
        if (text.length() < 7) return;
        for (Finding finding : scan(new ScanText(text, key))) {
            if (exempt.contains(finding.type())) continue;
            edits.add(view.source(0), view.source(text.length()), finding.type(), text, true);
            return;
        }
    }

    @Override
    public void fixed(String text) {
        for (Finding finding : scan(ScanText.of(text))) edits.addUnredactable(finding.type());
    }

    /// Printable ASCII within bytes that are no text, read as Latin-1: what is found there cannot be replaced.
    @Override
    public void binary(String latin1) {
        int start = 0;
        for (int i = 0; i <= latin1.length(); i++) {
            if (i < latin1.length() && latin1.charAt(i) >= ' ' && latin1.charAt(i) < 0x7f) continue;
            if (i - start >= BINARY_RUN_CHARS_MIN) {
                List<Finding> findings = scan(ScanText.of(latin1.substring(start, i)));
                for (Finding finding : findings) edits.addUnredactable(finding.type());
            }
            start = i + 1;
        }
    }

    /// A part may have many small texts, and a scanner may run a model over each: when nobody waits any more, it ends here.
    private List<Finding> scan(ScanText text) {
        if (Thread.currentThread().isInterrupted()) throw new CancellationException("nobody waits for the screening any more");
        return scanner.scan(text);
    }

    private void one(View view, String key) {
        String text = view.text();
        for (Finding finding : scan(new ScanText(text, key))) {
            if (exempt.contains(finding.type())) continue;
            String value = text.substring(finding.start(), finding.end());
            edits.add(view.source(finding.start()), view.source(finding.end()), finding.type(), value, false);
        }
        avoidTokens(text);
        if (text.length() < EncodedRuns.RUN_CHARS_MIN) return;
        EncodedRuns.find(text, (start, end, decoded) -> {
            for (Finding finding : scan(new ScanText(decoded, key))) {
                if (exempt.contains(finding.type()) || exemptInRuns.contains(finding.type())) continue;
                edits.add(view.source(start), view.source(end), finding.type(), text.substring(start, end), false);
                return;
            }
        });
    }

    /// A token that the guest writes itself must never come to stand for a value.
    private void avoidTokens(String text) {
        int at = text.indexOf(Tokens.PREFIX);
        while (at >= 0) {
            String candidate = text.substring(at, Math.min(text.length(), at + Tokens.CHARS_MAX + 1));
            byte[] ascii = candidate.getBytes(StandardCharsets.ISO_8859_1);
            Tokens.At token = Tokens.at(ascii, 0, ascii.length, true);
            if (token.match() == Tokens.Match.TOKEN) vault.avoid(candidate.substring(0, token.end()));
            at = text.indexOf(Tokens.PREFIX, at + 1);
        }
    }
}
