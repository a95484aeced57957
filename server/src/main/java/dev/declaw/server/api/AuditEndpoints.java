package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.server.audit.AuditEntry;
import dev.declaw.server.audit.AuditLog;
import dev.declaw.server.audit.AuditQuery;
import dev.declaw.server.lifecycle.Sandboxes;
import java.time.Duration;
import java.util.List;

/// The audit log of a sandbox: pages, a live stream, and the proof that nothing was changed (wire-api U33).
final class AuditEndpoints {
    private static final Duration KEEP_ALIVE = Duration.ofSeconds(10);

    private final Sandboxes sandboxes;
    private final AuditLog log;
    private final Runnable drain;
    private final AuditFollowers followers;

    /// @param drain brings the log up to date before a question
    AuditEndpoints(Sandboxes sandboxes, AuditLog log, Runnable drain, AuditFollowers followers) {
        this.followers = followers;
        this.sandboxes = sandboxes;
        this.log = log;
        this.drain = drain;
    }

    void query(HttpCall call) throws InterruptedException {
        String id = sandboxes.info(call.owner(), call.parameter("id")).id();
        AuditQuery query = AuditForms.query(call.query());
        if (call.query().flag("follow")) {
            follow(call, id, query);
            return;
        }
        drain.run();
        List<AuditEntry> page = log.page(id, query);
        ObjectNode answer = Json.object();
        ArrayNode entries = answer.putArray("entries");
        page.forEach(entry -> entries.add(AuditForms.json(entry)));
        boolean more = page.size() == query.limit() && !log.page(id, query.behind(page.getLast().sequence())).isEmpty();
        answer.put("next_token", more ? Long.toString(page.getLast().sequence()) : null);
        call.json(200, answer);
    }

    void verify(HttpCall call) {
        String id = sandboxes.info(call.owner(), call.parameter("id")).id();
        drain.run();
        AuditLog.Verification found = log.verify(id);
        ObjectNode answer = Json.object();
        answer.put("intact", found.brokenAt().isEmpty());
        answer.put("events", found.events());
        answer.put("head", found.head());
        found.brokenAt().ifPresent(sequence -> answer.put("broken_at", sequence));
        call.json(200, answer);
    }

    /// Sends what is there and then what comes, in order, until the sandbox has ended and all of it was sent.
    private void follow(HttpCall call, String id, AuditQuery query) throws InterruptedException {
        if (query.newestFirst()) throw JsonBody.wrong("order", "must be asc when follow is true");
        try (AuditFollowers.Place _ = followers.enter(call.owner())) {
            EventStream stream = EventStream.open(call);
            AuditQuery position = query;
            while (true) {
                long mark = log.mark();
                boolean living = sandboxes.living(id); // before the look: nothing comes after an end that was seen first
                drain.run();
                List<AuditEntry> page = log.page(id, position);
                for (AuditEntry entry : page) stream.event("audit", AuditForms.json(entry));
                if (!page.isEmpty()) {
                    position = position.behind(page.getLast().sequence());
                } else if (!living) {
                    stream.event("end", Json.object());
                    stream.close();
                    return;
                } else if (!log.awaitGrowth(mark, KEEP_ALIVE)) {
                    stream.keepAlive();
                }
            }
        }
    }
}
