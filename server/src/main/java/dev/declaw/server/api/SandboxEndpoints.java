package dev.declaw.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxState;
import dev.declaw.server.auth.Scope;
import dev.declaw.server.lifecycle.CreateSandbox;
import dev.declaw.server.lifecycle.IdempotentCreates;
import dev.declaw.server.lifecycle.LiveSandbox;
import dev.declaw.server.lifecycle.SandboxInfo;
import dev.declaw.server.lifecycle.SandboxPage;
import dev.declaw.server.lifecycle.Sandboxes;
import dev.declaw.server.volumes.VolumeAttachment;
import dev.declaw.server.volumes.VolumeMounts;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// Create, look at, prolong and kill sandboxes (wire-api 3).
final class SandboxEndpoints {
    private static final int KILL_MANY_MAX = 1000;

    private final Sandboxes sandboxes;
    private final IdempotentCreates creates;
    private final VolumeMounts volumes;
    private final ForkAnswer forks;

    SandboxEndpoints(Sandboxes sandboxes, IdempotentCreates creates, VolumeMounts volumes, Errors errors) {
        this.forks = new ForkAnswer(errors);
        this.sandboxes = sandboxes;
        this.creates = creates;
        this.volumes = volumes;
    }

    private ObjectNode json(SandboxInfo info, boolean tokens) {
        return SandboxJson.of(info, volumes.of(info.id()), tokens);
    }

    /// Whether the caller may do more than look: a key that only reads changes nothing and gets no token that opens more.
    private static boolean mayChange(HttpCall call) {
        return call.caller().scopes().contains(Scope.SANDBOXES);
    }

    void create(HttpCall call) {
        byte[] body = call.bodyBytes();
        JsonNode json = body.length == 0 ? Json.object() : Json.parse(body);
        Optional<String> key = call.idempotencyKey();
        if (key.isEmpty()) {
            ObjectNode answer = create(call.owner(), json);
            call.json(ForkAnswer.status(answer), answer);
            return;
        }
        if (key.get().length() > IdempotentCreates.KEY_CHARS_MAX) {
            throw JsonBody.wrong("Idempotency-Key", "is longer than " + IdempotentCreates.KEY_CHARS_MAX + " characters");
        }
        String answer = createOnce(call.owner(), key.get(), json);
        call.jsonText(ForkAnswer.status(Json.parse(answer.getBytes(StandardCharsets.UTF_8))), answer);
    }

    private String createOnce(String owner, String key, JsonNode json) {
        Optional<String> earlier = creates.begin(owner, key, fingerprint(json));
        if (earlier.isPresent()) return earlier.get();
        ObjectNode created;
        try {
            created = create(owner, json);
        } catch (RuntimeException e) {
            creates.forget(owner, key);
            throw e;
        }
        String answer = Json.write(created);
        JsonNode first = created.path("sandboxes").path(0).path("sandbox_id");
        creates.finish(owner, key, created.path("sandbox_id").asText(first.asText()), answer);
        return answer;
    }

    private ObjectNode create(String owner, JsonNode json) {
        JsonBody body = JsonBody.of("", json);
        int count = ForkAnswer.count(body);
        CreateSandbox request = CreateRequest.read(body);
        return count == 0 ? createOne(owner, request) : forks.create(count, () -> createOne(owner, request));
    }

    private ObjectNode createOne(String owner, CreateSandbox request) {
        Sandboxes.Created created = sandboxes.create(owner, request);
        ObjectNode answer = json(created.info(), true);
        ArrayNode warnings = answer.putArray("warnings");
        created.warnings().forEach(warnings::add);
        return answer;
    }

    /// Clients resend identical bytes; the parsed form forgives blanks.
    private static String fingerprint(JsonNode json) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(digest.digest(Json.write(json).getBytes(StandardCharsets.US_ASCII)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    void list(HttpCall call) {
        SandboxPage page = sandboxes.list(call.owner(), ListRequest.read(call.query()));
        ObjectNode answer = Json.object();
        ArrayNode list = answer.putArray("sandboxes");
        Map<String, List<VolumeAttachment>> attached =
                volumes.of(page.sandboxes().stream().map(SandboxInfo::id).toList());
        boolean tokens = mayChange(call);
        page.sandboxes()
                .forEach(info -> list.add(SandboxJson.of(info, attached.getOrDefault(info.id(), List.of()), tokens)));
        answer.put("next_token", page.nextToken().orElse(null));
        answer.put("total", page.total());
        call.json(200, answer);
    }

    /// `timeout=N` prolongs a running sandbox (wire-api U1); one that is not running is only shown.
    void get(HttpCall call) {
        String id = call.parameter("id");
        SandboxInfo info = sandboxes.info(call.owner(), id);
        Optional<String> timeout = call.query().given("timeout");
        if (timeout.isPresent() && !mayChange(call)) {
            throw new PlatformFailure.PermissionDenied(
                    "scope_missing", "this API key may not prolong a sandbox; it takes one with the scope " + Scope.SANDBOXES.wire());
        }
        if (timeout.isPresent() && info.state() == SandboxState.RUNNING) {
            long seconds = Query.parse("timeout", timeout.get(), 0, Long.MAX_VALUE);
            CreateRequest.checkTimeout(seconds);
            info = sandboxes.setTimeout(call.owner(), id, seconds);
        }
        call.json(200, json(info, mayChange(call)));
    }

    void status(HttpCall call) {
        SandboxInfo info = sandboxes.info(call.owner(), call.parameter("id"));
        call.json(200, Json.object().put("is_running", info.state() == SandboxState.RUNNING));
    }

    void setTimeout(HttpCall call) {
        long seconds = call.body().wholeNumber("timeout").orElseThrow(() -> JsonBody.wrong("timeout", "is missing"));
        CreateRequest.checkTimeout(seconds);
        SandboxInfo info = sandboxes.setTimeout(call.owner(), call.parameter("id"), seconds);
        ObjectNode answer = Json.object().put("ok", true).put("timeout", info.timeoutSeconds());
        answer.put("end_at", info.end().map(Json::timestamp).orElse(null));
        call.json(200, answer);
    }

    void kill(HttpCall call) {
        String id = call.parameter("id");
        if (call.query().flag("async")) {
            sandboxes.killLater(call.owner(), id);
            call.json(202, Json.object().put("queued", true));
        } else {
            call.json(200, Json.object().put("killed", sandboxes.kill(call.owner(), id)));
        }
    }

    void killMany(HttpCall call) throws InterruptedException {
        List<String> ids = ids(call.body());
        boolean later = call.query().flag("async");
        Map<String, ObjectNode> results = new ConcurrentHashMap<>();
        List<Thread> kills = new ArrayList<>();
        for (String id : ids) {
            kills.add(Thread.ofVirtual().start(() -> results.put(id, killOne(call.owner(), id, later))));
        }
        for (Thread kill : kills) kill.join();
        ObjectNode answer = Json.object();
        ObjectNode ordered = answer.putObject("results");
        ids.forEach(id -> ordered.set(id, results.get(id)));
        call.json(later ? 202 : 200, answer);
    }

    private ObjectNode killOne(String owner, String id, boolean later) {
        try {
            if (!later) return Json.object().put("killed", sandboxes.kill(owner, id));
            sandboxes.killLater(owner, id);
            return Json.object().put("queued", true);
        } catch (PlatformFailure.NotFound e) {
            return Json.object().put("error", "not found");
        } catch (PlatformFailure e) {
            return Json.object().put("error", e.getMessage());
        }
    }

    private static List<String> ids(JsonBody body) {
        JsonNode node = body.node("sandbox_ids").orElseThrow(() -> JsonBody.wrong("sandbox_ids", "is missing"));
        if (!node.isArray()) throw JsonBody.wrong("sandbox_ids", "must be an array of strings");
        if (node.size() > KILL_MANY_MAX) {
            throw new PlatformFailure.TooLarge("too_many_ids", "sandbox_ids has more than " + KILL_MANY_MAX + " entries");
        }
        Map<String, Boolean> ids = new LinkedHashMap<>(); // each once, in order
        for (JsonNode id : node) {
            if (!id.isTextual()) throw JsonBody.wrong("sandbox_ids", "must be an array of strings");
            ids.put(id.textValue(), true);
        }
        return List.copyOf(ids.keySet());
    }

    /// Samples as an array, oldest first; the newest alone, as an object, for Go clients, which read nothing else
    /// (wire-api 3.8).
    void metrics(HttpCall call) {
        List<LiveSandbox.Usage> samples = sandboxes.usage(
                call.owner(), call.parameter("id"), instant(call.query(), "start"), instant(call.query(), "end"));
        String agent = call.header("User-Agent");
        if (agent != null && agent.startsWith("Go-http-client/")) {
            call.json(200, samples.isEmpty() ? Json.object() : sample(samples.getLast()));
            return;
        }
        ArrayNode array = Json.array();
        samples.forEach(usage -> array.add(sample(usage)));
        call.json(200, array);
    }

    private static ObjectNode sample(LiveSandbox.Usage usage) {
        return Json.object()
                .put("timestamp", Json.timestamp(usage.at()))
                .put("cpu_usage_percent", Math.round(usage.cpuPercent() * 100) / 100.0)
                .put("memory_usage_mb", usage.memoryMib())
                .put("disk_usage_mb", usage.diskMib())
                .put("network_received_bytes", usage.receivedBytes())
                .put("network_sent_bytes", usage.sentBytes());
    }

    /// ISO 8601; one without a zone is UTC, as one client sends it.
    private static Optional<Instant> instant(Query query, String name) {
        return query.given(name).map(text -> {
            try {
                return text.matches(".*(Z|[+-][0-9]{2}:?[0-9]{2})")
                        ? OffsetDateTime.parse(text).toInstant()
                        : LocalDateTime.parse(text).toInstant(ZoneOffset.UTC);
            } catch (DateTimeParseException e) {
                throw JsonBody.wrong(name, "must be a time such as 2026-01-02T03:04:05Z");
            }
        });
    }

    void health(HttpCall call) {
        ObjectNode answer = Json.object();
        boolean ready = sandboxes.ready();
        answer.put("status", ready ? "ok" : "degraded");
        answer.put("egress", ready ? "ready" : "not ready");
        sandboxes.counts().forEach(answer::put);
        call.json(ready ? 200 : 503, answer);
    }
}
