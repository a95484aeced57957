package dev.declaw.egress.flow;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.egress.http.BodyFraming;
import dev.declaw.egress.http.Field;
import dev.declaw.egress.http.HeadWriter;
import dev.declaw.model.policy.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// The answer that an agent gets instead of the one it asked for: machine-readable, with the reason and what can be done,
/// and nothing about other rules or internal names.
final class BlockPage {
    private BlockPage() {}

    /// @param policy whether policy said no; otherwise the upstream failed
    /// @param scanner name of the scanner that decided; empty for none
    /// @param withBody false in answer to HEAD
    static ByteBuf write(
            ByteBufAllocator allocator,
            int status,
            boolean policy,
            Reason reason,
            String detail,
            String scanner,
            String auditId,
            boolean withBody) {
        byte[] body = body(policy, reason, detail, scanner, auditId);
        ByteBuf out = allocator.ioBuffer(512 + body.length);
        new HeadWriter()
                .response(status, phrase(status), fields(reason), BodyFraming.length(body.length), -1, true, out);
        if (withBody) out.writeBytes(body);
        return out;
    }

    static List<Field> fields(Reason reason) {
        return List.of(
                new Field("Content-Type", "application/json"),
                new Field("Cache-Control", "no-store"),
                new Field("X-Declaw-Reason", reason.code()));
    }

    static byte[] body(boolean policy, Reason reason, String detail, String scanner, String auditId) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("error", policy ? "request blocked by security policy" : "upstream request failed");
        json.put("code", reason.code());
        json.put("reason", sentence(reason, detail));
        if (scanner.isEmpty()) {
            json.putNull("scanner");
        } else {
            json.put("scanner", scanner);
        }
        json.put("audit_id", auditId);
        return json.toString().getBytes(StandardCharsets.UTF_8);
    }

    /// Reason and remedy for people.
    static String sentence(Reason reason, String detail) {
        String text = detail.isEmpty() ? reason.text() : reason.text() + " (" + detail + ")";
        return reason.remedy().isEmpty() ? text : text + "; " + reason.remedy();
    }

    private static String phrase(int status) {
        return switch (status) {
            case 400 -> "Bad Request";
            case 403 -> "Forbidden";
            case 405 -> "Method Not Allowed";
            case 408 -> "Request Timeout";
            case 413 -> "Content Too Large";
            case 417 -> "Expectation Failed";
            case 421 -> "Misdirected Request";
            case 431 -> "Request Header Fields Too Large";
            case 502 -> "Bad Gateway";
            case 503 -> "Service Unavailable";
            case 504 -> "Gateway Timeout";
            case 505 -> "HTTP Version Not Supported";
            default -> "Blocked";
        };
    }
}
