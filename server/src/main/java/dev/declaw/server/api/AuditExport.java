package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.audit.AuditEvent.Attribute;
import dev.declaw.server.audit.AuditLog.PlacedEntry;
import java.util.ArrayList;
import java.util.List;

/// Forms in which audit events are exported.
enum AuditExport {
    /// One object a line. Its last member, `event`, is the text that was hashed, character by character: cut it out and the
    /// chain can be checked without this server.
    JSONL("application/jsonl", "jsonl", "\n") {
        @Override
        String head() {
            return "";
        }

        @Override
        String line(PlacedEntry placed) {
            ObjectNode frame = Json.object();
            frame.put("sandbox_id", placed.chain());
            frame.put("sequence", placed.entry().sequence());
            frame.put("position", placed.position());
            frame.put("hash", placed.entry().hash());
            String text = Json.write(frame);
            return text.substring(0, text.length() - 1) + ",\"event\":" + placed.entry().json() + "}";
        }
    },
    /// RFC 4180. A field that a spreadsheet would take for a formula gets an apostrophe in front.
    CSV("text/csv; charset=utf-8", "csv", "\r\n") {
        @Override
        String head() {
            return String.join(",", COLUMNS) + ",sequence,hash\r\n";
        }

        @Override
        String line(PlacedEntry placed) {
            ObjectNode event = AuditForms.json(placed.entry());
            List<String> fields = new ArrayList<>();
            for (String column : COLUMNS) fields.add(field(event.path(column).asText("")));
            fields.add(Long.toString(placed.entry().sequence()));
            fields.add(placed.entry().hash());
            return String.join(",", fields);
        }
    };

    private static final List<String> COLUMNS = List.of(
            "timestamp",
            "sandbox_id",
            "category",
            "event",
            "decision",
            "reason",
            Attribute.HOST,
            Attribute.PORT,
            Attribute.METHOD,
            Attribute.PATH,
            Attribute.SCANNER,
            Attribute.DETAIL,
            "id");

    private final String contentType;
    private final String extension;
    private final String lineEnd;

    AuditExport(String contentType, String extension, String lineEnd) {
        this.contentType = contentType;
        this.extension = extension;
        this.lineEnd = lineEnd;
    }

    static AuditExport of(String word) {
        return switch (word) {
            case "jsonl" -> JSONL;
            case "csv" -> CSV;
            default -> throw JsonBody.wrong("format", "must be jsonl or csv");
        };
    }

    abstract String head();

    abstract String line(PlacedEntry placed);

    String contentType() {
        return contentType;
    }

    String extension() {
        return extension;
    }

    String lineEnd() {
        return lineEnd;
    }

    private static String field(String text) {
        String safe = !text.isEmpty() && "=+-@\t\r".indexOf(text.charAt(0)) >= 0 ? "'" + text : text;
        boolean quoted = safe.indexOf(',') >= 0 || safe.indexOf('"') >= 0 || safe.indexOf('\n') >= 0 || safe.indexOf('\r') >= 0;
        return quoted ? '"' + safe.replace("\"", "\"\"") + '"' : safe;
    }
}
