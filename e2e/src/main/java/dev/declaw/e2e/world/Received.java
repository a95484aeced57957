package dev.declaw.e2e.world;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// One request as an origin got it.
///
/// @param head request line and header lines as they came, CRLFs included
/// @param body the body after de-chunking
/// @param complete false when the connection ended before the request did
public record Received(String origin, String head, byte[] body, boolean complete) {
    public String requestLine() {
        return head.substring(0, Math.max(0, head.indexOf('\r')));
    }

    public String target() {
        String[] parts = requestLine().split(" ");
        return parts.length > 1 ? parts[1] : "";
    }

    public Optional<String> header(String name) {
        List<String> values = head.lines()
                .skip(1)
                .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(name.toLowerCase(Locale.ROOT) + ":"))
                .map(line -> line.substring(name.length() + 1).strip())
                .toList();
        return values.isEmpty() ? Optional.empty() : Optional.of(values.getFirst());
    }

    public String text() {
        return new String(body, StandardCharsets.UTF_8);
    }

    /// What an origin answers.
    ///
    /// @param chunked whether the body is sent in chunks instead of with a Content-Length
    public record Answer(int status, Map<String, String> headers, byte[] body, boolean chunked) {
        public static Answer json(String body) {
            return new Answer(
                    200, Map.of("Content-Type", "application/json"), body.getBytes(StandardCharsets.UTF_8), false);
        }

        public static Answer text(int status, String body) {
            return new Answer(
                    status, Map.of("Content-Type", "text/plain"), body.getBytes(StandardCharsets.UTF_8), false);
        }
    }
}
