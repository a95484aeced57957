package dev.declaw.server.volumes;

import dev.declaw.model.failure.PlatformFailure;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A path within a volume in its one normal form: absolute, without empty segments, `.` or `..`.
///
/// @param text `/` for the root, otherwise `/a/b`
public record VolumePath(String text) {
    public static final VolumePath ROOT = new VolumePath("/");

    static final int BYTES_MAX = 4096;

    private static final int SEGMENT_BYTES_MAX = 255;
    private static final int DEPTH_MAX = 64;

    /// @throws PlatformFailure.InvalidRequest when it is not absolute, climbs, or cannot be a path
    public static VolumePath parse(String given) {
        if (!given.startsWith("/")) throw refused("must be absolute, such as /data/a.txt");
        return segments(given).orElseThrow(() -> refused(
                "must not contain '..' or NUL, and have at most " + DEPTH_MAX + " names of " + SEGMENT_BYTES_MAX + " bytes"));
    }

    /// A path of an archive, relative to its root; empty for one that climbs out, is absolute, or cannot be a path.
    static Optional<VolumePath> ofArchive(String name) {
        return name.startsWith("/") ? Optional.empty() : segments(name);
    }

    private static Optional<VolumePath> segments(String given) {
        List<String> kept = new ArrayList<>();
        for (String segment : given.split("/")) {
            if (segment.isEmpty() || segment.equals(".")) continue;
            boolean bad = segment.equals("..") || segment.indexOf('\0') >= 0 || bytes(segment) > SEGMENT_BYTES_MAX;
            if (bad) return Optional.empty();
            kept.add(segment);
        }
        String text = "/" + String.join("/", kept);
        return kept.size() > DEPTH_MAX || bytes(text) > BYTES_MAX ? Optional.empty() : Optional.of(new VolumePath(text));
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static PlatformFailure refused(String what) {
        return new PlatformFailure.InvalidRequest("invalid_path", "path " + what);
    }

    public boolean root() {
        return text.equals("/");
    }

    /// Last name; empty for the root.
    public String name() {
        return text.substring(text.lastIndexOf('/') + 1);
    }

    /// The root's parent is the root.
    public VolumePath parent() {
        int slash = text.lastIndexOf('/');
        return slash <= 0 ? ROOT : new VolumePath(text.substring(0, slash));
    }

    /// Directories from the root's child down to the parent.
    List<VolumePath> ancestors() {
        List<VolumePath> found = new ArrayList<>();
        for (VolumePath up = parent(); !up.root(); up = up.parent()) found.addFirst(up);
        return found;
    }

    /// True for a path that is this one or below it.
    boolean covers(VolumePath other) {
        return root() || other.text.equals(text) || other.text.startsWith(text + "/");
    }

    /// This path's place when `from` is moved to `to`; the path is `from` or below it.
    VolumePath moved(VolumePath from, VolumePath to) {
        return new VolumePath(to.text + text.substring(from.text.length()));
    }

    /// The path below another one, without a slash in front; empty for the same one.
    String relativeTo(VolumePath base) {
        String rest = base.root() ? text : text.substring(base.text.length());
        return rest.startsWith("/") ? rest.substring(1) : rest;
    }

    VolumePath resolve(String relative) {
        if (relative.isEmpty()) return this;
        return new VolumePath(root() ? "/" + relative : text + "/" + relative);
    }

    @Override
    public String toString() {
        return text;
    }
}
