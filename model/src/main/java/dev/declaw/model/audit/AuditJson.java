package dev.declaw.model.audit;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.TreeMap;

/// Writes an event in exactly the form of [AuditEvent#toJson], without a tree in between: the proxy records every decision
/// before its first byte leaves, so this stands in the way of every request. Thread-safe.
public final class AuditJson {
    private static final char[] HEX = "0123456789ABCDEF".toCharArray();

    /// The text of one second, since most events share theirs with the one before.
    private record Second(long epoch, String text) {}

    private static volatile Second last = new Second(Long.MIN_VALUE, "");

    private AuditJson() {}

    public static String write(AuditEvent event) {
        StringBuilder out = new StringBuilder(512);
        out.append('{');
        text(out, "id", event.id());
        time(out, event.time());
        text(out, "sandbox_id", event.sandboxId());
        text(out, "category", event.category().wire());
        text(out, "event", event.event());
        event.decision().ifPresent(value -> text(out, "decision", value));
        event.reason().ifPresent(value -> text(out, "reason", value));
        for (Map.Entry<String, Object> attribute : event.attributes().entrySet()) {
            switch (attribute.getValue()) {
                case String value -> text(out, attribute.getKey(), value);
                case Map<?, ?> members -> {
                    name(out, attribute.getKey());
                    object(out, members);
                }
                case Number value -> {
                    name(out, attribute.getKey());
                    out.append(value.longValue());
                }
                case Boolean value -> {
                    name(out, attribute.getKey());
                    out.append(value);
                }
                default -> throw new IllegalStateException("attribute " + attribute.getKey() + " has a type that is not recorded");
            }
        }
        return out.append('}').toString();
    }

    private static void object(StringBuilder out, Map<?, ?> members) {
        out.append('{');
        new TreeMap<>(members).forEach((key, value) -> {
            if (value instanceof Number number) {
                name(out, key.toString());
                out.append(number.intValue());
            } else {
                text(out, key.toString(), value.toString());
            }
        });
        out.append('}');
    }

    private static void time(StringBuilder out, Instant time) {
        long epoch = time.getEpochSecond();
        Second second = last;
        if (second.epoch != epoch) {
            String whole = time.truncatedTo(ChronoUnit.SECONDS).toString();
            second = new Second(epoch, whole.substring(0, whole.length() - 1));
            last = second;
        }
        name(out, "timestamp");
        out.append('"').append(second.text);
        int micros = time.getNano() / 1000;
        if (micros > 0) { // as Instant#toString does it: in groups of three digits
            boolean millis = micros % 1000 == 0;
            int digits = millis ? micros / 1000 : micros;
            out.append('.');
            for (int unit = millis ? 100 : 100_000; unit > 0; unit /= 10) out.append((char) ('0' + digits / unit % 10));
        }
        out.append("Z\"");
    }

    private static void text(StringBuilder out, String name, String value) {
        name(out, name);
        quoted(out, value);
    }

    private static void name(StringBuilder out, String name) {
        if (out.charAt(out.length() - 1) != '{') out.append(',');
        quoted(out, name);
        out.append(':');
    }

    private static void quoted(StringBuilder out, String value) {
        out.append('"');
        int from = 0;
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c >= ' ' && c != '"' && c != '\\') continue;
            out.append(value, from, i).append('\\');
            from = i + 1;
            switch (c) {
                case '"', '\\' -> out.append(c);
                case '\b' -> out.append('b');
                case '\t' -> out.append('t');
                case '\n' -> out.append('n');
                case '\f' -> out.append('f');
                case '\r' -> out.append('r');
                default -> out.append("u00").append(HEX[c >> 4]).append(HEX[c & 15]);
            }
        }
        out.append(value, from, value.length()).append('"');
    }
}
