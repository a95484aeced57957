package dev.declaw.model.scan;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// Scans a text that arrives in parts, with memory that does not grow. One stream, one thread.
///
/// The text is scanned in windows of [#STEP_CHARS] new characters, the scanner's overlap behind them and [#BEFORE_CHARS_MAX] before. Windows
/// lie at fixed places of the stream, so **the findings are the same however the text was cut into parts**. They are also those of
/// [Scanner#scan] over the whole text where no finding is longer than the scanner's [Scanner#overlapChars], nor what it depends on farther
/// away; a text of at most one window is scanned as a whole. The part of a longer finding that a later window sees, too, comes as another span.
/// For a scanner that [Scanner#readsTables], the first line of the stream, up to [#HEADER_CHARS_MAX] characters, stands before each window.
///
/// At most about twice [#STEP_CHARS] and the overlap are held, in characters.
///
/// ```java
/// ScanStream stream = new ScanStream(scanner, key);
/// for (part : parts) { handle(stream.add(part)); send(stream.safeUpTo()); }
/// handle(stream.finish()); send(stream.safeUpTo());
/// ```
public final class ScanStream {
    /// New characters of a window.
    public static final int STEP_CHARS = 65_536;

    /// Characters of the window before that are read again; what a finding needs before it is not farther away.
    public static final int BEFORE_CHARS_MAX = 4_096;

    /// A longer first line is no head of a table.
    public static final int HEADER_CHARS_MAX = 4_096;

    private final Scanner scanner;
    private final String key;
    private final Author author;
    private final int overlap;
    /// Characters from [#heldFrom] on: what is not decided yet, and the overlap before it.
    private final StringBuilder held = new StringBuilder();
    private long heldFrom;
    /// Where the next window's new characters begin.
    private long decided;
    private long safe;
    /// End of the last finding.
    private long coveredUntil;
    /// The first line with its end, once a window was scanned; empty where there is none.
    private String header = "";
    private boolean closed;

    /// @param scanner what looks
    /// @param key the name that the text stands under, as in [ScanText#key]
    /// @param author who wrote it
    public ScanStream(Scanner scanner, String key, Author author) {
        this.scanner = Objects.requireNonNull(scanner);
        this.key = Objects.requireNonNull(key);
        this.author = Objects.requireNonNull(author);
        overlap = scanner.overlapChars();
        if (overlap < 0 || overlap > Scanner.OVERLAP_CHARS_MAX) throw new IllegalArgumentException("overlap of " + overlap + " characters");
    }

    /// A stream of unknown author.
    public ScanStream(Scanner scanner, String key) {
        this(scanner, key, Author.UNKNOWN);
    }

    /// Takes the next characters, at any cut, even between the halves of a surrogate pair.
    ///
    /// @return what became certain by them, sorted, behind all earlier findings and not overlapping
    /// @throws RuntimeException as [Scanner#scan]; the stream cannot go on then, and its caller blocks
    /// @throws IllegalStateException after [#finish] or a failure
    public List<StreamFinding> add(CharSequence part) {
        open();
        List<StreamFinding> found = new ArrayList<>(2);
        int length = part.length();
        // Long parts are taken in pieces, so that never more is held than a window.
        for (int from = 0; from < length; from += STEP_CHARS) {
            held.append(part, from, Math.min(length, from + STEP_CHARS));
            // One more than the window, to see whether its end parts a surrogate pair.
            while (heldFrom + held.length() > decided + STEP_CHARS + overlap + 1) window(found);
        }
        return found;
    }

    /// Ends the text and scans the rest.
    ///
    /// @return as [#add]
    public List<StreamFinding> finish() {
        open();
        List<StreamFinding> found = new ArrayList<>(2);
        long end = heldFrom + held.length();
        if (end > decided) {
            look(held.toString(), end, found);
            decided = end;
        }
        safe = end;
        held.setLength(0);
        heldFrom = end;
        closed = true;
        return found;
    }

    /// Up to here (exclusive, from the start of the stream) no further finding will come: this much may leave, with its findings replaced.
    public long safeUpTo() {
        return safe;
    }

    /// Characters taken so far.
    public long length() {
        return heldFrom + held.length();
    }

    private void open() {
        if (closed) throw new IllegalStateException("the stream has ended or failed");
    }

    /// Scans the next window, whose end lies within what is held.
    private void window(List<StreamFinding> found) {
        long next = whole(decided + STEP_CHARS);
        long end = whole(next + overlap);
        look(held.substring(0, (int) (end - heldFrom)), next, found);
        if (decided == 0 && scanner.readsTables()) header = firstLine();
        decided = next;
        safe = Math.max(next, coveredUntil);
        long keep = lineStart(Math.max(heldFrom, next - Math.min(overlap, BEFORE_CHARS_MAX)), next);
        held.delete(0, (int) (keep - heldFrom));
        heldFrom = keep;
    }

    private String firstLine() {
        int end = held.indexOf("\n");
        return end < 0 || end >= HEADER_CHARS_MAX ? "" : held.substring(0, end + 1);
    }

    /// Where the first line from a position on begins, so that columns can be counted; the position itself where no line ends before a limit.
    private long lineStart(long at, long limit) {
        if (header.isEmpty()) return whole(at);
        int end = held.indexOf("\n", (int) (at - heldFrom));
        return end < 0 || heldFrom + end + 1 >= limit ? whole(at) : heldFrom + end + 1;
    }

    /// A position of the stream, or the one before it where it parts a surrogate pair. A function of the text alone.
    private long whole(long at) {
        int index = (int) (at - heldFrom);
        boolean parts = index > 0 && index < held.length() && Character.isLowSurrogate(held.charAt(index)) && Character.isHighSurrogate(held.charAt(index - 1));
        return parts ? at - 1 : at;
    }

    /// Adds the findings that begin before a position and are not covered yet.
    private void look(String window, long before, List<StreamFinding> found) {
        boolean first = heldFrom == 0;
        // Should the scanner fail, the stream stays closed.
        closed = true;
        List<Finding> findings = scanner.scan(new ScanText(first ? window : header + window, key, author));
        closed = false;
        long origin = heldFrom - (first ? 0 : header.length());
        for (Finding finding : findings) {
            long from = Math.max(origin + finding.start(), heldFrom);
            long start = Math.max(from, coveredUntil);
            long end = origin + finding.end();
            if (from >= before || end <= start || end <= decided) continue;
            found.add(new StreamFinding(finding.type(), start, end, finding.confidence()));
            coveredUntil = end;
        }
    }
}
