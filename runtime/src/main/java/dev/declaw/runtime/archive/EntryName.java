package dev.declaw.runtime.archive;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Names an entry of an archive.
///
/// @param id of what it holds, for example of a snapshot or a disk layer
/// @param writer the server that wrote it, and that alone removes what it no longer needs
public record EntryName(String id, String writer) {
    static final String PREFIX = "entries/";
    private static final Pattern OBJECT = Pattern.compile("entries/([a-z0-9][a-z0-9-]{0,79})\\.([0-9a-f]{16})");

    public EntryName {
        if (!OBJECT.matcher(PREFIX + id + "." + writer).matches()) {
            throw new IllegalArgumentException("not the name of an entry");
        }
    }

    String object() {
        return PREFIX + id + "." + writer;
    }

    /// As [#toString] gave it.
    ///
    /// @throws IllegalArgumentException when it is none
    public static EntryName parse(String text) {
        return of(PREFIX + text).orElseThrow(() -> new IllegalArgumentException("not the name of an entry"));
    }

    static Optional<EntryName> of(String object) {
        Matcher matcher = OBJECT.matcher(object);
        return matcher.matches() ? Optional.of(new EntryName(matcher.group(1), matcher.group(2))) : Optional.empty();
    }

    @Override
    public String toString() {
        return id + "." + writer;
    }
}
