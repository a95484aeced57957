package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.audit.AuditCategory;
import dev.declaw.server.audit.AuditEntry;
import dev.declaw.server.audit.AuditQuery;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.List;

/// How questions to the audit log are read, and its events written.
final class AuditForms {
    private AuditForms() {}

    static ObjectNode json(AuditEntry entry) {
        ObjectNode node = (ObjectNode) Json.parse(entry.json().getBytes(StandardCharsets.UTF_8));
        node.put("sequence", entry.sequence());
        node.put("hash", entry.hash());
        return node;
    }

    static AuditQuery query(Query query) {
        return new AuditQuery(
                query.given("category").map(AuditForms::category),
                query.given("event"),
                query.given("decision").map(AuditForms::decision),
                query.given("host"),
                query.given("scanner"),
                query.given("since").map(text -> instant("since", text)),
                query.given("until").map(text -> instant("until", text)),
                query.given("order").map(AuditForms::descending).orElse(false),
                query.given("next_token").map(text -> Query.parse("next_token", text, 1, Long.MAX_VALUE)).orElse(0L),
                query.number("limit", AuditQuery.LIMIT_DEFAULT, 1, AuditQuery.LIMIT_MAX));
    }

    private static String category(String text) {
        List<String> known = Arrays.stream(AuditCategory.values()).map(AuditCategory::wire).toList();
        if (!known.contains(text)) throw JsonBody.wrong("category", "must be one of " + String.join(", ", known));
        return text;
    }

    private static String decision(String text) {
        if (!text.equals("allow") && !text.equals("deny")) throw JsonBody.wrong("decision", "must be allow or deny");
        return text;
    }

    private static boolean descending(String text) {
        return switch (text) {
            case "asc" -> false;
            case "desc" -> true;
            default -> throw JsonBody.wrong("order", "must be asc or desc");
        };
    }

    /// A `+` that was not percent-encoded has become a blank.
    private static Instant instant(String name, String text) {
        try {
            return OffsetDateTime.parse(text.replace(' ', '+')).toInstant();
        } catch (DateTimeException e) {
            throw JsonBody.wrong(name, "must be a time such as 2026-01-02T03:04:05Z");
        }
    }
}
