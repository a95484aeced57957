package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.audit.AuditLog;
import dev.declaw.server.audit.AuditLog.PlacedEntry;
import dev.declaw.server.audit.AuditQuery;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// The audit log of an account: the events of all of its sandboxes, also of those that are long gone, and what was done to its
/// keys, volumes and secrets. An addition of ours: no official client knows it.
final class AuditLogEndpoints {
    private static final int EXPORTS_MAX = 8;
    private static final int EXPORTS_PER_TENANT_MAX = 2;
    private static final int CHAINS_MAX = 100;
    private static final int ID_CHARS_MAX = 128;
    private static final Duration KEEP_ALIVE = Duration.ofSeconds(10);

    private final AuditLog log;
    private final Runnable drain;
    private final AuditFollowers followers;
    private final SharedPermits exports = new SharedPermits(EXPORTS_MAX, EXPORTS_PER_TENANT_MAX);

    /// @param drain brings the log up to date before a question
    AuditLogEndpoints(AuditLog log, Runnable drain, AuditFollowers followers) {
        this.followers = followers;
        this.log = log;
        this.drain = drain;
    }

    private static Optional<String> chain(HttpCall call) {
        Optional<String> id = call.query().given("sandbox_id");
        if (id.isPresent() && id.get().length() > ID_CHARS_MAX) throw JsonBody.wrong("sandbox_id", "is too long");
        return id;
    }

    void query(HttpCall call) throws InterruptedException {
        AuditQuery query = AuditForms.query(call.query());
        if (call.query().flag("follow")) {
            follow(call, query);
            return;
        }
        drain.run();
        Optional<String> chain = chain(call);
        List<PlacedEntry> page = log.pageOfOwner(call.owner(), chain, query);
        ObjectNode answer = Json.object();
        ArrayNode entries = answer.putArray("entries");
        page.forEach(entry -> entries.add(json(entry)));
        boolean more = page.size() == query.limit()
                && !log.pageOfOwner(call.owner(), chain, query.behind(page.getLast().position())).isEmpty();
        answer.put("next_token", more ? Long.toString(page.getLast().position()) : null);
        call.json(200, answer);
    }

    private static ObjectNode json(PlacedEntry placed) {
        ObjectNode node = AuditForms.json(placed.entry());
        node.put("position", placed.position());
        return node;
    }

    /// Sends what is there and then what comes, until the caller leaves.
    private void follow(HttpCall call, AuditQuery query) throws InterruptedException {
        if (query.newestFirst()) throw JsonBody.wrong("order", "must be asc when follow is true");
        Optional<String> chain = chain(call);
        try (AuditFollowers.Place _ = followers.enter(call.owner())) {
            EventStream stream = EventStream.open(call);
            AuditQuery position = query;
            while (true) {
                long mark = log.mark();
                drain.run();
                List<PlacedEntry> page = log.pageOfOwner(call.owner(), chain, position);
                for (PlacedEntry entry : page) stream.event("audit", json(entry));
                if (!page.isEmpty()) position = position.behind(page.getLast().position());
                else if (!log.awaitGrowth(mark, KEEP_ALIVE)) stream.keepAlive();
            }
        }
    }

    private void enterExport(String owner) {
        switch (exports.tryAcquire(owner)) {
            case TAKEN -> {}
            case TENANT_FULL ->
                throw new PlatformFailure.QuotaExceeded(
                        "too_many_exports", EXPORTS_PER_TENANT_MAX + " exports of this account are under way, its limit; wait for one", 5,
                        EXPORTS_PER_TENANT_MAX);
            case ALL_FULL ->
                throw new PlatformFailure.QuotaExceeded(
                        "too_many_exports", EXPORTS_MAX + " exports of audit logs are under way, the server's limit; wait for one", 5);
        }
    }

    /// All events that fit the filters, oldest first unless asked otherwise: as JSON Lines, each with the text that was hashed, or as CSV.
    void export(HttpCall call) {
        AuditQuery query = AuditForms.query(call.query());
        AuditExport format = AuditExport.of(call.query().given("format").orElse("jsonl"));
        Optional<String> chain = chain(call);
        enterExport(call.owner());
        try {
            drain.run();
            call.start(200, format.contentType());
            call.responseHeader("Content-Disposition", "attachment; filename=\"audit." + format.extension() + "\"");
            call.write(format.head().getBytes(StandardCharsets.UTF_8), false);
            AuditQuery position = query.longest();
            List<PlacedEntry> page = log.pageOfOwner(call.owner(), chain, position);
            while (!page.isEmpty()) {
                StringBuilder lines = new StringBuilder();
                for (PlacedEntry entry : page) lines.append(format.line(entry)).append(format.lineEnd());
                call.write(lines.toString().getBytes(StandardCharsets.UTF_8), false);
                position = position.behind(page.getLast().position());
                page = log.pageOfOwner(call.owner(), chain, position);
            }
            call.write(new byte[0], true);
        } finally {
            exports.release(call.owner());
        }
    }

    /// Checks the chains of the account, a page of them at a time. A long answer is kept alive with blanks.
    void verify(HttpCall call) {
        drain.run();
        Optional<String> one = chain(call);
        int limit = call.query().number("limit", CHAINS_MAX, 1, CHAINS_MAX);
        String behind = call.query().given("next_token").orElse("");
        if (behind.length() > ID_CHARS_MAX) throw JsonBody.wrong("next_token", "is not one that this server gave out");
        List<String> chains = one.isPresent()
                ? log.chains(call.owner(), "", Integer.MAX_VALUE).stream().filter(one.get()::equals).toList()
                : log.chains(call.owner(), behind, limit);
        if (one.isPresent() && chains.isEmpty()) {
            throw new PlatformFailure.NotFound("chain_not_found", "there are no events of a sandbox of this id");
        }
        ObjectNode answer = Json.object();
        ArrayNode list = answer.putArray("chains");
        boolean intact = true;
        for (String chain : chains) {
            AuditLog.Verification found = log.verify(chain);
            intact &= found.brokenAt().isEmpty();
            ObjectNode node = list.addObject().put("sandbox_id", chain).put("intact", found.brokenAt().isEmpty());
            node.put("events", found.events()).put("head", found.head());
            found.brokenAt().ifPresent(sequence -> node.put("broken_at", sequence));
        }
        answer.put("intact", intact);
        answer.put("next_token", one.isEmpty() && chains.size() == limit ? chains.getLast() : null);
        call.json(200, answer);
    }
}
