package dev.declaw.egress.content;

import dev.declaw.model.policy.Reason;
import dev.declaw.model.scan.ScanText;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Collects the texts of one request for the scanners that judge rather than replace: decoded, in the order of the
/// message. One request, one thread.
final class Collector implements PieceVisitor {
    /// Shorter stretches of letters arise by chance in data that is no text.
    private static final int BINARY_RUN_CHARS_MIN = 24;

    private static final double MOSTLY_TEXT_SHARE = 0.7;

    private static final int PERCENT_ROUNDS = 2;

    private final List<ScanText> texts = new ArrayList<>();
    private int beforeJson = -1;
    private String body = "";
    private boolean parts;
    private boolean unclear;
    private Optional<Reason> unreadable = Optional.empty();

    /// The texts so far.
    List<ScanText> texts() {
        return texts;
    }

    /// The body as one text, where it is text.
    String body() {
        return body;
    }

    void target(String pathAndQuery) {
        BodyWalk.target(pathAndQuery, this);
    }

    void header(String name, String value) {
        text(View.ofHeader(value), name);
    }

    void body(byte[] decoded, String contentType) {
        BodyWalk.Walked walked = BodyWalk.walk(decoded, contentType, this);
        if (walked instanceof BodyWalk.Walked.Refused(Reason reason)) unreadable = Optional.of(reason);
        if (walked instanceof BodyWalk.Walked.Source source && !source.latin1()) {
            body = source.text();
        } else {
            String latin1 = new String(decoded, StandardCharsets.ISO_8859_1);
            boolean json = latin1.stripLeading().startsWith("{") || latin1.stripLeading().startsWith("[");
            parts = walked instanceof BodyWalk.Walked.Source && !json; // what is called multipart and looks like JSON is neither
            unclear = !parts && (json || walked instanceof BodyWalk.Walked.Refused || mostlyText(latin1));
        }
    }

    /// Why nobody here can read the body.
    Optional<Reason> unreadable() {
        return unreadable;
    }

    /// Whether the body is no text, but perhaps to somebody who reads more leniently.
    boolean unclear() {
        return unclear;
    }

    /// Whether the body came in parts (multipart).
    boolean parts() {
        return parts;
    }

    @Override
    public void string(View value, String key) {
        if (beforeJson < 0) beforeJson = texts.size();
        add(value.text(), key);
    }

    @Override
    public void name(View name) {
        if (beforeJson < 0) beforeJson = texts.size();
        if (name.text().length() > 16) add(name.text(), "");
    }

    @Override
    public void number(View number, String key) {
        // no language in it
    }

    @Override
    public void endOfJson(boolean wellFormed) {
        if (!wellFormed && beforeJson >= 0) texts.subList(beforeJson, texts.size()).clear();
        beforeJson = -1;
    }

    @Override
    public void encoded(View view, String key, boolean plusIsSpace) {
        View round = view;
        for (int i = 0; i < PERCENT_ROUNDS; i++) {
            Optional<View> decoded = round.percentDecoded(plusIsSpace && i == 0);
            if (decoded.isEmpty()) break;
            round = decoded.get();
        }
        add(round.text(), key);
    }

    @Override
    public void text(View view, String key) {
        add(view.text(), key);
    }

    @Override
    public void again(View view) {
        // seen in pieces
    }

    @Override
    public void fixed(String text) {
        add(text, "");
    }

    @Override
    public void binary(String latin1) {
        if (mostlyText(latin1)) {
            add(latin1, "");
            return;
        }
        int start = 0;
        for (int i = 0; i <= latin1.length(); i++) {
            if (i < latin1.length() && printable(latin1.charAt(i))) continue;
            if (i - start >= BINARY_RUN_CHARS_MIN) add(latin1.substring(start, i), "");
            start = i + 1;
        }
    }

    /// Whether bytes that are no text, strictly read, still are for whoever reads them leniently.
    static boolean mostlyText(String latin1) {
        int printable = 0;
        for (int i = 0; i < latin1.length(); i++) {
            if (printable(latin1.charAt(i))) printable++;
        }
        return printable >= latin1.length() * MOSTLY_TEXT_SHARE;
    }

    private static boolean printable(char c) {
        return c >= ' ' && c < 0x7f || c == '\n' || c == '\r' || c == '\t';
    }

    private void add(String text, String key) {
        if (text.length() > 1) texts.add(new ScanText(text, key));
    }
}
