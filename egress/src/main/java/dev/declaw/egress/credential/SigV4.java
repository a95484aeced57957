package dev.declaw.egress.credential;

import dev.declaw.egress.http.Field;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// AWS Signature Version 4 in the Authorization field. The secret is `access key id:secret access key`, with `:session token`
/// where there is one. Whatever the guest signed with is taken out; region and service are those of the binding, or else
/// of the guest's own signature, or else of a host `service.region.amazonaws.com`.
///
/// The body's digest is signed, so the body is held, within the cap of held bodies. Where the guest asks for it, over TLS, it
/// streams unsigned (`UNSIGNED-PAYLOAD`, `STREAMING-UNSIGNED-PAYLOAD-TRAILER`). Chunks that the guest has signed cannot be signed
/// anew: such a request is refused.
///
/// @param region empty to find it out
/// @param service empty to find it out
record SigV4(String region, String service) implements Signing {
    private static final String ALGORITHM = "AWS4-HMAC-SHA256";
    private static final String CONTENT_HASH = "x-amz-content-sha256";
    private static final Set<String> UNSIGNED = Set.of("UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    /// What a signature in the query consists of.
    private static final Set<String> QUERY_PARTS = Set.of(
            "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signedheaders", "x-amz-signature",
            "x-amz-security-token");
    private static final Set<String> REPLACED =
            Set.of("authorization", "x-amz-date", "x-amz-security-token", CONTENT_HASH, "date");
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final Pattern SCOPE = Pattern.compile("Credential=[^/,\\s]+/[0-9]{8}/([a-z0-9-]{1,40})/([a-z0-9-]{1,60})/aws4_request");
    private static final Pattern HOST = Pattern.compile("(?:.+\\.)?([a-z0-9-]+)\\.([a-z]{2}(?:-[a-z]+)+-[0-9])\\.amazonaws\\.com(?:\\.cn)?");

    private record Scope(String region, String service) {}

    @Override
    public boolean needsBody(String scheme, List<Field> fields) {
        return !(scheme.equals("https") && UNSIGNED.contains(value(fields, CONTENT_HASH)));
    }

    @Override
    public SecretText masked(SecretText secret) {
        String[] parts = secret.reveal().split(":", 3);
        return new SecretText(parts.length < 2 ? secret.reveal() : parts[1]);
    }

    /// The session token is a field, and errors about a signature quote the fields.
    @Override
    public Optional<SecretText> goesAlong(SecretText secret) {
        String[] parts = secret.reveal().split(":", 3);
        return parts.length < 3 || parts[2].isEmpty() ? Optional.empty() : Optional.of(new SecretText(parts[2]));
    }

    @Override
    public Optional<Signed> sign(Message message, SecretText secret) {
        String[] key = secret.reveal().split(":", 3);
        Optional<Scope> scope = scope(message);
        String announced = value(message.fields(), CONTENT_HASH);
        boolean chunksSigned = announced.startsWith("STREAMING-") && !UNSIGNED.contains(announced);
        if (key.length < 2 || scope.isEmpty() || chunksSigned) return Optional.empty();
        String digest = UNSIGNED.contains(announced) ? announced : HexFormat.of().formatHex(Signing.sha256(message.body()));
        String time = TIME.format(message.time());
        String target = withoutSignature(message.target());

        List<Field> fields = new ArrayList<>();
        for (Field field : message.fields()) {
            if (!REPLACED.contains(field.name().replace('_', '-').toLowerCase(Locale.ROOT))) fields.add(field);
        }
        fields.add(new Field("X-Amz-Date", time));
        fields.add(new Field("X-Amz-Content-Sha256", digest));
        if (key.length == 3) fields.add(new Field("X-Amz-Security-Token", key[2]));

        Map<String, String> signed = signedFields(message.host(), fields);
        String names = String.join(";", signed.keySet());
        StringBuilder canonical = new StringBuilder(message.method()).append('\n');
        int question = target.indexOf('?');
        canonical.append(path(question < 0 ? target : target.substring(0, question), scope.get().service)).append('\n');
        canonical.append(question < 0 ? "" : query(target.substring(question + 1))).append('\n');
        signed.forEach((name, value) -> canonical.append(name).append(':').append(value).append('\n'));
        canonical.append('\n').append(names).append('\n').append(digest);

        String day = time.substring(0, 8);
        String where = day + "/" + scope.get().region + "/" + scope.get().service + "/aws4_request";
        String text = ALGORITHM + "\n" + time + "\n" + where + "\n" + HexFormat.of().formatHex(Signing.sha256(utf8(canonical.toString())));
        byte[] signingKey = utf8("AWS4" + key[1]);
        for (String part : List.of(day, scope.get().region, scope.get().service, "aws4_request")) {
            signingKey = Signing.hmac("HmacSHA256", signingKey, utf8(part));
        }
        String signature = HexFormat.of().formatHex(Signing.hmac("HmacSHA256", signingKey, utf8(text)));
        fields.add(new Field(
                "Authorization",
                ALGORITHM + " Credential=" + key[0] + "/" + where + ", SignedHeaders=" + names + ", Signature=" + signature));
        return Optional.of(new Signed(target, fields));
    }

    private Optional<Scope> scope(Message message) {
        Matcher own = SCOPE.matcher(value(message.fields(), "authorization"));
        int port = message.host().indexOf(':');
        Matcher host = HOST.matcher(port < 0 ? message.host() : message.host().substring(0, port));
        Scope found = own.find() ? new Scope(own.group(1), own.group(2)) : null;
        if (found == null && host.matches()) found = new Scope(host.group(2), host.group(1));
        String foundRegion = found == null ? "" : found.region;
        String foundService = found == null ? "" : found.service;
        Scope scope = new Scope(region.isEmpty() ? foundRegion : region, service.isEmpty() ? foundService : service);
        return scope.region.isEmpty() || scope.service.isEmpty() ? Optional.empty() : Optional.of(scope);
    }

    /// Host, the content's type and digest, and all of Amazon's own fields; several of one name joined.
    private static Map<String, String> signedFields(String host, List<Field> fields) {
        Map<String, String> signed = new TreeMap<>();
        signed.put("host", host);
        for (Field field : fields) {
            String name = field.name().toLowerCase(Locale.ROOT);
            if (!name.startsWith("x-amz-") && !name.equals("content-type") && !name.equals("content-md5")) continue;
            signed.merge(name, field.value().strip().replaceAll(" +", " "), (first, next) -> first + "," + next);
        }
        return signed;
    }

    /// S3 takes the path as it is; every other service its encoding, without dot segments.
    private static String path(String path, String service) {
        if (service.equals("s3")) return path;
        List<String> segments = new ArrayList<>();
        for (String segment : path.split("/")) {
            if (segment.equals("..") && !segments.isEmpty()) segments.removeLast();
            if (!segment.isEmpty() && !segment.equals(".") && !segment.equals("..")) segments.add(encoded(segment));
        }
        String joined = "/" + String.join("/", segments);
        return path.endsWith("/") && joined.length() > 1 ? joined + "/" : joined;
    }

    private static String query(String query) {
        if (query.isEmpty()) return "";
        String[] pairs = query.split("&");
        for (int i = 0; i < pairs.length; i++) {
            if (pairs[i].indexOf('=') < 0) pairs[i] += "=";
        }
        Arrays.sort(pairs, java.util.Comparator.comparing((String pair) -> pair.substring(0, pair.indexOf('=')))
                .thenComparing(pair -> pair.substring(pair.indexOf('=') + 1)));
        return String.join("&", pairs);
    }

    private static String withoutSignature(String target) {
        int question = target.indexOf('?');
        if (question < 0) return target;
        List<String> kept = new ArrayList<>();
        for (String pair : target.substring(question + 1).split("&")) {
            int equals = pair.indexOf('=');
            String name = (equals < 0 ? pair : pair.substring(0, equals)).toLowerCase(Locale.ROOT);
            if (!pair.isEmpty() && !QUERY_PARTS.contains(name)) kept.add(pair);
        }
        String path = target.substring(0, question);
        return kept.isEmpty() ? path : path + "?" + String.join("&", kept);
    }

    private static String encoded(String segment) {
        StringBuilder out = new StringBuilder();
        for (byte b : utf8(segment)) {
            char c = (char) (b & 255);
            boolean plain = c < 0x80 && (Character.isLetterOrDigit(c) || "-._~".indexOf(c) >= 0);
            if (plain) out.append(c);
            else out.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
        }
        return out.toString();
    }

    private static String value(List<Field> fields, String name) {
        return fields.stream().filter(field -> field.is(name)).map(Field::value).findFirst().orElse("");
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
