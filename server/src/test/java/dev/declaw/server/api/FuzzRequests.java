package dev.declaw.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.server.fake.Contract;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Makes requests that are almost right: the path of a route, parameters and a body as `protocol/openapi.yaml` describes them, each with a
/// chance to be something else, and ids that the server gave out before. Thread-safe; each request follows from its [Random] and the ids.
final class FuzzRequests {
    private static final int IDS_KEPT_MAX = 8;
    private static final Pattern ID = Pattern.compile("\"(volume_id|team_id|secret_id|snapshot_id|stdio_id|cmd_id|pid|token)\": ?\"?([A-Za-z0-9_-]{1,80})\"?");
    private static final Map<String, Set<String>> FITTING = Map.of(
            "vid", Set.of("volume_id"), "tid", Set.of("team_id"), "sid", Set.of("secret_id", "snapshot_id"), "pid", Set.of("pid"),
            "cid", Set.of("stdio_id", "cmd_id"));

    private static final String[] NAMES = {
        "cmd", "path", "data", "username", "user", "envs", "cwd", "timeout", "background", "size", "cols", "rows", "files", "old_path",
        "new_path", "recursive", "template", "metadata", "network", "security", "policy_json", "allow_out", "deny_out", "lifecycle",
        "sandbox_ids", "stdin", "stream", "name", "volumes", "volume_id", "mount_path", "mode", "ttl_seconds", "token", "scopes", "limits",
        "pii", "enabled", "types", "secure", "vault_refs", "idempotency", "expires_in_seconds", "injection_defense", "transformations", "match",
        "replace", "direction", "audit", "env_security", "sensitive_vars", "content_gate", "toxicity", "threshold", "action", "domains"
    };
    private static final String[] TEXTS = {
        "", "a", "/tmp/x", "/data", "../../etc/passwd", "\u0000", "ä😀\u2028", "-1", "NaN", "*.example.com", "~(a+)+$", "10.0.0.0/8", "{}", "%00",
        "echo x", "exit 3", "x".repeat(5000), "sbx-00000000", "true", "base", "\ud800", "vault://a/b/c", "api.example.test", "eA==", "openai", "prod",
        "redact", "2026-01-02T03:04:05Z"
    };
    private static final String[] NUMBERS = {"1", "0", "-1", "60", "80", "8080", "1e99", "0.5", "99999999999999999999", "1e-400", "2147483648", "9007199254740993"};
    private static final String[] QUERIES = {
        "path", "username", "depth", "limit", "offset", "next_token", "state", "metadata", "async", "last_entry_id", "recursive", "name",
        "since", "until", "order", "category", "start", "end", "if_version", "timeout", "format"
    };
    private static final String[] HEADERS = {
        "Accept: text/event-stream", "X-API-Key: nope", "Content-Type: text/plain", "Expect: 100-continue", "Upgrade: websocket",
        "X-Traffic-Access-Token: traffic-0", "Accept: application/octet-stream", "User-Agent: Go-http-client/1.1", "Range: bytes=0-1",
        "If-None-Match: *", "Content-Encoding: gzip", "Transfer-Encoding: gzip", "traceparent: 00-0-0-0", "Host: y", "Cookie: a=b", "TE: trailers"
    };

    private final Map<String, List<String>> seen = new ConcurrentHashMap<>();
    private final String authorization;
    private volatile String sandbox;

    FuzzRequests(String authorization) {
        this.authorization = authorization;
    }

    /// The sandbox that most requests are about from now on.
    void sandbox(String id) {
        sandbox = id;
    }

    /// Keeps the ids of an answer.
    void learn(String answer) {
        Matcher ids = ID.matcher(answer);
        for (int i = 0; i < IDS_KEPT_MAX && ids.find(); i++) {
            List<String> kept = seen.computeIfAbsent(ids.group(1), _ -> new ArrayList<>());
            synchronized (kept) {
                if (kept.contains(ids.group(2))) continue;
                if (kept.size() >= IDS_KEPT_MAX) kept.removeFirst();
                kept.add(ids.group(2));
            }
        }
    }

    /// @param route method and path, as the server's table has it
    byte[] request(Random random, String route) {
        String[] parts = route.split(" ", 2);
        JsonNode operation = Contract.document().path("paths").path(parts[1].replace("...}", "}")).path(parts[0].toLowerCase(Locale.ROOT));
        StringBuilder path = new StringBuilder();
        for (String segment : parts[1].substring(1).split("/")) {
            path.append('/').append(segment.startsWith("{") ? variable(random, segment.replaceAll("[{}.]", "")) : segment);
        }
        query(random, operation, path);
        String method = random.nextInt(20) == 0 ? pick(random, "PUT", "BREW", "HEAD", "OPTIONS", "get") : parts[0];
        byte[] body = body(random, operation);
        StringBuilder head = new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: x\r\n");
        if (random.nextInt(20) == 0) head.append("Connection: close\r\n");
        if (random.nextInt(20) > 0) head.append(authorization).append("\r\n");
        if (random.nextInt(6) == 0) head.append("Idempotency-Key: ").append(random.nextInt(9)).append("\r\n");
        for (int i = random.nextInt(8) - 5; i > 0; i--) head.append(pick(random, HEADERS)).append("\r\n");
        if (random.nextInt(300) == 0) head.append("X-Junk: ").append("j".repeat(random.nextInt(20_000))).append("\r\n");
        head.append("Content-Length: ").append(body.length).append("\r\n\r\n");
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(head.toString().getBytes(StandardCharsets.ISO_8859_1));
        all.writeBytes(body);
        return all.toByteArray();
    }

    private String variable(Random random, String name) {
        if (name.equals("id") && random.nextInt(8) > 0) return sandbox;
        if (name.equals("oid") && random.nextInt(4) > 0) return "owner-1";
        if (name.equals("port")) return pick(random, "8080", "80", "49983", "0", "x");
        if (name.equals("rest")) return pick(random, "a/b", "", "%2F", "//", "..%2f");
        if (FITTING.containsKey(name) && random.nextInt(5) > 0) {
            String known = known(random, pick(random, FITTING.get(name).toArray(String[]::new)));
            if (known != null) return known;
        }
        return switch (random.nextInt(4)) {
            case 0 -> Integer.toString(random.nextInt(300));
            case 1 -> encoded(random);
            case 2 -> "sbx-" + random.nextInt();
            default -> "default";
        };
    }

    private String known(Random random, String kind) {
        List<String> kept = seen.get(kind);
        if (kept == null) return null;
        synchronized (kept) {
            return kept.isEmpty() ? null : kept.get(random.nextInt(kept.size()));
        }
    }

    private void query(Random random, JsonNode operation, StringBuilder path) {
        List<String> asked = new ArrayList<>();
        for (JsonNode parameter : operation.path("parameters")) {
            if (!parameter.path("in").asText().equals("query") || parameter.path("name").asText().equals("follow")) continue;
            if (random.nextInt(parameter.path("required").asBoolean() ? 10 : 2) > 0) asked.add(parameter.path("name").asText());
        }
        for (int i = random.nextInt(6) - 4; i > 0; i--) asked.add(pick(random, QUERIES));
        for (String name : asked) {
            path.append(path.indexOf("?") < 0 ? '?' : '&').append(name).append('=').append(encoded(random));
        }
    }

    private static String encoded(Random random) {
        return switch (random.nextInt(10)) {
            case 0, 1, 2 -> "%2Ftmp%2Fx";
            case 3 -> Integer.toString(random.nextInt());
            case 4 -> "%" + Integer.toHexString(256 + random.nextInt(256)).substring(1);
            case 5 -> "true";
            case 6 -> "%7B%27a%27%3A+%27b%27%7D";
            case 7 -> "2026-01-02T03:04:05Z";
            case 8 -> Integer.toString(random.nextInt(20));
            default -> "a".repeat(random.nextInt(200));
        };
    }

    private byte[] body(Random random, JsonNode operation) {
        int kind = random.nextInt(16);
        if (kind == 0) return new byte[0];
        if (kind == 1) return bytes(random);
        if (kind == 2) return "[".repeat(random.nextInt(3000)).getBytes(StandardCharsets.US_ASCII);
        if (kind == 3) return value(random, 0).getBytes(StandardCharsets.UTF_8);
        JsonNode content = operation.path("requestBody").path("content");
        if (content.has("application/json")) return described(random, content.at("/application~1json/schema"), 0).getBytes(StandardCharsets.UTF_8);
        return content.isMissingNode() ? new byte[0] : bytes(random);
    }

    private static byte[] bytes(Random random) {
        byte[] bytes = new byte[random.nextInt(300)];
        random.nextBytes(bytes);
        return bytes;
    }

    /// JSON that a schema describes, but for one value in twelve.
    private String described(Random random, JsonNode schema, int depth) {
        if (depth > 6 || random.nextInt(12) == 0) return value(random, depth);
        if (schema.has("$ref")) return described(random, Contract.document().at(schema.path("$ref").textValue().substring(1)), depth);
        for (String choice : List.of("oneOf", "anyOf")) {
            if (schema.has(choice)) return described(random, schema.path(choice).get(random.nextInt(schema.path(choice).size())), depth);
        }
        if (schema.has("enum")) return schema.path("enum").get(random.nextInt(schema.path("enum").size())).toString();
        String type = schema.path("type").isArray() ? schema.path("type").get(0).asText() : schema.path("type").asText();
        return switch (type) {
            case "string" -> quoted(pick(random, TEXTS));
            case "integer", "number" -> pick(random, NUMBERS);
            case "boolean" -> pick(random, "true", "false");
            case "array" -> {
                List<String> items = new ArrayList<>();
                for (int i = random.nextInt(4); i > 0; i--) items.add(described(random, schema.path("items"), depth + 1));
                yield "[" + String.join(",", items) + "]";
            }
            case "object" -> members(random, schema, depth);
            default -> value(random, depth);
        };
    }

    private String members(Random random, JsonNode schema, int depth) {
        List<String> members = new ArrayList<>();
        for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
            String known = random.nextInt(3) > 0 ? known(random, property.getKey()) : null;
            if (random.nextInt(3) == 0) continue;
            members.add(quoted(property.getKey()) + ":" + (known != null ? quoted(known) : described(random, property.getValue(), depth + 1)));
        }
        if (schema.path("additionalProperties").isObject() || schema.path("properties").isEmpty()) {
            for (int i = random.nextInt(3); i > 0; i--) {
                members.add(quoted(pick(random, NAMES)) + ":" + described(random, schema.path("additionalProperties"), depth + 1));
            }
        }
        return "{" + String.join(",", members) + "}";
    }

    private String value(Random random, int depth) {
        int kind = depth == 0 ? 0 : random.nextInt(depth > 5 ? 7 : 9);
        return switch (kind) {
            case 0, 7 -> object(random, depth);
            case 8 -> "[" + value(random, depth + 1) + "," + value(random, depth + 1) + "]";
            case 1 -> pick(random, NUMBERS);
            case 2 -> pick(random, "true", "false", "null");
            default -> quoted(random.nextInt(9) == 0 ? sandbox : pick(random, TEXTS));
        };
    }

    private String object(Random random, int depth) {
        StringBuilder object = new StringBuilder("{");
        for (int i = depth > 5 ? 0 : random.nextInt(5); i > 0; i--) {
            object.append(object.length() > 1 ? "," : "").append(quoted(pick(random, NAMES))).append(':').append(value(random, depth + 1));
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

    static String pick(Random random, String... from) {
        return from[random.nextInt(from.length)];
    }
}
