package dev.declaw.egress.credential;

import dev.declaw.egress.http.Field;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A keyed hash (RFC 2104) over parts of the request, in a field: what exchanges and webhooks ask for. Bodies are held to be
/// signed, within the cap of held bodies.
///
/// @param algorithm `HmacSHA256`, `HmacSHA512` or `HmacSHA1`
/// @param template the signed text; `{method}`, `{host}`, `{target}`, `{path}`, `{query}`, `{timestamp}`, `{body}` and
///     `{body_sha256}` (hex) stand for parts of the request, `\n` for a line end
/// @param base64 whether the hash is written in base64, otherwise hex
/// @param header field that carries it
/// @param prefix stands before it
/// @param timestampHeader field that carries the time; empty for none
/// @param timestamp how the time is written
record HmacSigning(
        String algorithm, String template, boolean base64, String header, String prefix, String timestampHeader, Clock timestamp)
        implements Signing {
    enum Clock {
        SECONDS,
        MILLIS,
        /// `2026-11-26T12:00:00Z`
        ISO
    }

    static final Pattern PARTS = Pattern.compile("\\{([a-z0-9_]+)}|\\\\n");
    static final List<String> NAMES =
            List.of("method", "host", "target", "path", "query", "timestamp", "body", "body_sha256");

    @Override
    public boolean needsBody(String scheme, List<Field> fields) {
        return template.contains("{body");
    }

    @Override
    public SecretText masked(SecretText secret) {
        return secret;
    }

    @Override
    public Optional<Signed> sign(Message message, SecretText secret) {
        String time = switch (timestamp) {
            case SECONDS -> Long.toString(message.time().getEpochSecond());
            case MILLIS -> Long.toString(message.time().toEpochMilli());
            case ISO -> iso(message.time());
        };
        byte[] hash = Signing.hmac(algorithm, secret.reveal().getBytes(StandardCharsets.UTF_8), text(message, time));
        List<Field> fields = new ArrayList<>(message.fields());
        replace(fields, header, prefix + (base64 ? Base64.getEncoder().encodeToString(hash) : HexFormat.of().formatHex(hash)));
        if (!timestampHeader.isEmpty()) replace(fields, timestampHeader, time);
        return Optional.of(new Signed(message.target(), fields));
    }

    private static String iso(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private byte[] text(Message message, String time) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Matcher part = PARTS.matcher(template);
        int copied = 0;
        while (part.find()) {
            out.writeBytes(template.substring(copied, part.start()).getBytes(StandardCharsets.UTF_8));
            out.writeBytes(part.group(1) == null ? new byte[] {'\n'} : value(part.group(1), message, time));
            copied = part.end();
        }
        out.writeBytes(template.substring(copied).getBytes(StandardCharsets.UTF_8));
        return out.toByteArray();
    }

    private static byte[] value(String name, Message message, String time) {
        String target = message.target();
        int question = target.indexOf('?');
        return switch (name) {
            case "method" -> utf8(message.method());
            case "host" -> utf8(message.host());
            case "target" -> utf8(target);
            case "path" -> utf8(question < 0 ? target : target.substring(0, question));
            case "query" -> utf8(question < 0 ? "" : target.substring(question + 1));
            case "timestamp" -> utf8(time);
            case "body" -> message.body();
            case "body_sha256" -> utf8(HexFormat.of().formatHex(Signing.sha256(message.body())));
            default -> throw new IllegalStateException("checked when it was read: " + name);
        };
    }

    private static void replace(List<Field> fields, String name, String value) {
        String spelled = name.replace('_', '-');
        fields.removeIf(field -> field.name().replace('_', '-').equalsIgnoreCase(spelled));
        fields.add(new Field(name, value));
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
