package dev.declaw.egress.custom;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// A path without its query, as rules are asked about it. Stateless.
public final class RequestPath {
    private RequestPath() {}

    /// The path as it is written and, where that differs, as servers read it: percent-decoded once, with `\` as `/`, without empty and dot
    /// segments (RFC 3986 §5.2.4).
    public static List<String> readings(String path) {
        String read = withoutDots(decoded(path));
        return read.equals(path) ? List.of(path) : List.of(path, read);
    }

    private static String decoded(String path) {
        if (path.indexOf('%') < 0) return path;
        ByteArrayOutputStream out = new ByteArrayOutputStream(path.length());
        for (int i = 0; i < path.length(); i++) {
            int high = path.charAt(i) == '%' && i + 2 < path.length() ? Character.digit(path.charAt(i + 1), 16) : -1;
            int low = high < 0 ? -1 : Character.digit(path.charAt(i + 2), 16);
            if (low >= 0) {
                out.write(high * 16 + low);
                i += 2;
            } else {
                out.writeBytes(String.valueOf(path.charAt(i)).getBytes(StandardCharsets.UTF_8));
            }
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    private static String withoutDots(String path) {
        if (!path.startsWith("/")) return path; // `*` of OPTIONS
        String[] segments = path.replace('\\', '/').split("/", -1);
        List<String> kept = new ArrayList<>();
        for (String segment : segments) {
            if (segment.equals("..") && !kept.isEmpty()) kept.removeLast();
            if (!segment.isEmpty() && !segment.equals(".") && !segment.equals("..")) kept.add(segment);
        }
        String last = segments[segments.length - 1];
        boolean directory = !kept.isEmpty() && (last.isEmpty() || last.equals(".") || last.equals(".."));
        return "/" + String.join("/", kept) + (directory ? "/" : "");
    }
}
