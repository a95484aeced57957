package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.server.fake.FakeGuest;
import dev.declaw.server.fake.TestServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Requests that nobody in his right mind sends, to every endpoint: whatever comes, the answer is never "something went wrong in the
/// server". `-Ddeclaw.test.fuzz-requests=1000000` sends more; a failure names its seed, and `-Ddeclaw.test.fuzz-seed` sends it again.
final class FuzzTest {
    private static final int REQUESTS = Integer.getInteger("declaw.test.fuzz-requests", 6000);
    private static final long SEED = Long.getLong("declaw.test.fuzz-seed", 4);
    private static final int CALLERS = 8;

    private static final String[] NAMES = {
        "cmd", "path", "data", "username", "user", "envs", "cwd", "timeout", "background", "size", "cols", "rows", "files", "old_path",
        "new_path", "recursive", "template", "metadata", "network", "security", "policy_json", "allow_out", "deny_out", "lifecycle",
        "sandbox_ids", "stdin", "stream", "name", "volumes", "volume_id", "mount_path", "mode", "ttl_seconds", "token", "scopes", "limits",
        "pii", "enabled", "types", "secure", "vault_refs", "idempotency", "expires_in_seconds"
    };
    private static final String[] TEXTS = {
        "", "a", "/tmp/x", "../../etc/passwd", "\u0000", "ä😀\u2028", "-1", "NaN", "*.example.com", "~(a+)+$", "10.0.0.0/8", "{}", "%00",
        "echo x", "exit 3", "x".repeat(5000), "sbx-00000000", "true", "base", "\ud800", "vault://a/b/c"
    };
    private static final String[] QUERIES = {
        "path", "username", "depth", "limit", "offset", "next_token", "state", "metadata", "async", "last_entry_id", "recursive", "name",
        "since", "until", "order", "category", "follow", "start", "end", "if_version", "timeout", "format"
    };

    @TempDir
    Path home;

    private final Queue<String> failures = new ConcurrentLinkedQueue<>();

    @Test
    void noRequestIsTheServersFault() throws Exception {
        try (TestServer server = new TestServer(home)) {
            String id = server.http.post("/sandboxes", "{}").json().path("sandbox_id").textValue();
            FakeGuest guest = server.host.vm(id).guest;
            guest.directories.add("/tmp/x");
            List<String> routes = server.api.served().stream().filter(route -> !route.contains("follow")).toList();
            List<Thread> callers = new ArrayList<>();
            for (int caller = 0; caller < CALLERS; caller++) {
                int first = caller;
                callers.add(Thread.ofVirtual().start(() -> {
                    for (int i = first; i < REQUESTS && failures.isEmpty(); i += CALLERS) send(server, routes, id, SEED * 1_000_003 + i);
                }));
            }
            for (Thread caller : callers) caller.join();
            assertThat(failures).isEmpty();
            assertThat(server.http.get("/health").status()).isEqualTo(200);
        }
    }

    private void send(TestServer server, List<String> routes, String id, long seed) {
        Random random = new Random(seed);
        byte[] request = request(random, pick(random, routes), id, server.http.authorization());
        try (Socket socket = server.http.sendRaw(request)) {
            String head = head(socket);
            if (head.matches("HTTP/1\\.1 5(00|01|05).*")) {
                failures.add("seed " + seed + ": " + head + "\n" + new String(request, StandardCharsets.ISO_8859_1));
            }
        } catch (SocketException e) {
            // refused and cut while it was still being sent
        } catch (IOException e) {
            failures.add("seed " + seed + ": " + e + "\n" + new String(request, StandardCharsets.ISO_8859_1));
        }
    }

    /// The status line; empty when the connection was cut, which malformed framing earns.
    private static String head(Socket socket) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int octet = socket.getInputStream().read(); octet >= 0 && octet != '\r'; octet = socket.getInputStream().read()) {
            line.append((char) octet);
        }
        return line.toString();
    }

    private static byte[] request(Random random, String route, String id, String authorization) {
        String[] parts = route.split(" ", 2);
        StringBuilder path = new StringBuilder();
        for (String segment : parts[1].substring(1).split("/")) {
            path.append('/').append(segment.startsWith("{") ? variable(random, segment, id) : segment);
        }
        for (int i = random.nextInt(4); i > 0; i--) {
            path.append(path.indexOf("?") < 0 ? '?' : '&').append(pick(random, List.of(QUERIES))).append('=').append(encoded(random));
        }
        String method = random.nextInt(20) == 0 ? pick(random, List.of("PUT", "BREW", "HEAD", "OPTIONS", "get")) : parts[0];
        byte[] body = body(random, id);
        StringBuilder head = new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        if (random.nextInt(10) > 0) head.append(authorization).append("\r\n");
        for (int i = random.nextInt(3); i > 0; i--) {
            head.append(pick(random, List.of(
                            "Idempotency-Key: " + random.nextInt(9), "Accept: text/event-stream", "X-API-Key: nope", "Content-Type: text/plain",
                            "Expect: 100-continue", "Upgrade: websocket", "X-Traffic-Access-Token: traffic-0", "Accept: application/octet-stream",
                            "User-Agent: Go-http-client/1.1", "Range: bytes=0-1", "X-Junk: " + "j".repeat(random.nextInt(3000)))))
                    .append("\r\n");
        }
        head.append("Content-Length: ").append(body.length).append("\r\n\r\n");
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(head.toString().getBytes(StandardCharsets.ISO_8859_1));
        all.writeBytes(body);
        return all.toByteArray();
    }

    private static String variable(Random random, String name, String id) {
        if (name.equals("{id}") && random.nextInt(8) > 0) return id;
        if (name.equals("{rest...}")) return "a/b";
        return switch (random.nextInt(4)) {
            case 0 -> Integer.toString(random.nextInt(300));
            case 1 -> encoded(random);
            case 2 -> "sbx-" + random.nextInt();
            default -> "default";
        };
    }

    private static String encoded(Random random) {
        return switch (random.nextInt(6)) {
            case 0 -> "%2Ftmp%2Fx";
            case 1 -> Integer.toString(random.nextInt());
            case 2 -> "%" + Integer.toHexString(256 + random.nextInt(256)).substring(1);
            case 3 -> "true";
            case 4 -> "%7B%27a%27%3A+%27b%27%7D";
            default -> "a".repeat(random.nextInt(200));
        };
    }

    private static byte[] body(Random random, String id) {
        return switch (random.nextInt(12)) {
            case 0 -> new byte[0];
            case 1 -> bytes(random);
            case 2 -> "[".repeat(random.nextInt(3000)).getBytes(StandardCharsets.US_ASCII);
            default -> value(random, 0, id).getBytes(StandardCharsets.UTF_8);
        };
    }

    private static byte[] bytes(Random random) {
        byte[] bytes = new byte[random.nextInt(300)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static String value(Random random, int depth, String id) {
        int kind = depth == 0 ? 0 : random.nextInt(depth > 4 ? 7 : 9);
        return switch (kind) {
            case 0, 7 -> object(random, depth, id);
            case 8 -> "[" + value(random, depth + 1, id) + "," + value(random, depth + 1, id) + "]";
            case 1 -> pick(random, List.of("1", "0", "-1", "60", "1e99", "0.5", "99999999999999999999", "1e-400", "2147483648", "80"));
            case 2 -> pick(random, List.of("true", "false", "null"));
            default -> quoted(random.nextInt(9) == 0 ? id : pick(random, List.of(TEXTS)));
        };
    }

    private static String object(Random random, int depth, String id) {
        StringBuilder object = new StringBuilder("{");
        for (int i = random.nextInt(5); i > 0; i--) {
            object.append(object.length() > 1 ? "," : "").append(quoted(pick(random, List.of(NAMES)))).append(':').append(value(random, depth + 1, id));
        }
        return object.append('}').toString();
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 0x20 || c == '"' || c == '\\' || Character.isSurrogate(c)) quoted.append(String.format("\\u%04x", (int) c));
            else quoted.append(c);
        }
        return quoted.append('"').toString();
    }

    private static <T> T pick(Random random, List<T> from) {
        return from.get(random.nextInt(from.size()));
    }
}
