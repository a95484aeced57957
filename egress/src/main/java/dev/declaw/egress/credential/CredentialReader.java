package dev.declaw.egress.credential;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.model.policy.HostSelector;
import dev.declaw.model.policy.NetworkRule;
import dev.declaw.model.policy.PolicyException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;

/// Reads the `credentials` of a control message, strictly. Complaints name the field and never the value.
public final class CredentialReader {
    private static final int CREDENTIALS_MAX = 100;
    private static final int VALUE_CHARS_MAX = 4096;
    private static final int ENTRIES_MAX = 100;

    /// Fields that frame the message or say whose it is, which no credential may touch.
    private static final Set<String> FORBIDDEN_FIELDS = Set.of(
            "host", "content-length", "transfer-encoding", "content-encoding", "connection", "keep-alive", "te", "upgrade",
            "expect", "trailer", "proxy-connection");

    private CredentialReader() {}

    /// @param node array of credentials, null or missing for none
    /// @throws PolicyException when one cannot be accepted as it stands
    public static CredentialSet read(JsonNode node) {
        if (node == null || node.isNull() || node.isMissingNode()) return CredentialSet.NONE;
        if (!node.isArray() || node.size() > CREDENTIALS_MAX) {
            throw new PolicyException("credentials", "must be an array of at most " + CREDENTIALS_MAX);
        }
        List<Credential> read = new ArrayList<>();
        for (int i = 0; i < node.size(); i++) read.add(new CredentialReader.One("credentials[" + i + "]", node.get(i)).read());
        return new CredentialSet(read);
    }

    /// One of them.
    private static final class One {
        private final String field;
        private final JsonNode node;
        private String id = "";
        private String type = "bearer";
        private String header = "";
        private String name = "";
        private String prefix;
        private Optional<SecretText> value = Optional.empty();
        private SecretText masked;
        private Map<String, String> extraHeaders = Map.of();
        private Map<String, String> extraQuery = Map.of();
        private Map<String, String> signing = Map.of();
        private List<NetworkRule> hosts = List.of();
        private Set<String> schemes = Set.of("https");
        private Set<Integer> ports = Set.of(443);
        private Set<String> methods = Set.of();
        private String pathPrefix = "/";

        One(String field, JsonNode node) {
            this.field = field;
            this.node = node;
        }

        Credential read() {
            if (!node.isObject()) throw new PolicyException(field, "must be an object");
            for (var member : node.properties()) member(member.getKey(), member.getValue());
            if (id.isEmpty()) throw wrong("id", "is missing");
            if (hosts.isEmpty()) throw wrong("hosts", "is empty: a credential is bound to the hosts it may go to");
            Credential.Kind kind =
                    switch (type) {
                        case "bearer", "" -> Credential.Kind.BEARER;
                        case "header" -> Credential.Kind.HEADER;
                        case "basic" -> Credential.Kind.BASIC;
                        case "query" -> Credential.Kind.QUERY;
                        case "sigv4", "hmac" -> Credential.Kind.SIGNED;
                        default -> throw wrong("type", "is none of bearer, header, basic, query, sigv4, hmac");
                    };
            if (kind == Credential.Kind.HEADER && header.isEmpty()) throw wrong("header", "is missing");
            if (kind == Credential.Kind.QUERY && name.isEmpty()) throw wrong("name", "is missing: the parameter that carries it");
            if (kind == Credential.Kind.BASIC && name.indexOf(':') >= 0) throw wrong("name", "holds a colon (RFC 7617 §2)");
            String field = header.isEmpty() ? "Authorization" : header;
            String before = prefix != null ? prefix : kind == Credential.Kind.BEARER ? "Bearer " : "";
            Optional<Signing> signing = kind == Credential.Kind.SIGNED ? Optional.of(signing(field, before)) : Optional.empty();
            if (kind != Credential.Kind.QUERY && kind != Credential.Kind.SIGNED) {
                value.ifPresent(secret -> carryable("value", before + secret.reveal()));
            }
            SecretText own = value.orElse(new SecretText(""));
            SecretText masks = masked != null ? masked : signing.map(signs -> signs.masked(own)).orElse(own);
            Binding binding = new Binding(new HostSelector(false, hosts), schemes, ports, methods, pathPrefix);
            return new Credential(id, kind, field, name, before, value, masks, extraHeaders, extraQuery, signing, binding);
        }

        private Signing signing(String carrier, String before) {
            value.ifPresent(secret -> carryable("value", secret.reveal()));
            boolean sigv4 = type.equals("sigv4");
            Set<String> known = sigv4
                    ? Set.of("region", "service")
                    : Set.of("algorithm", "template", "encoding", "timestamp_header", "timestamp_format");
            for (String member : signing.keySet()) if (!known.contains(member)) throw wrong("signing." + member, "is unknown");
            if (sigv4) {
                return new SigV4(signing.getOrDefault("region", ""), signing.getOrDefault("service", ""));
            }
            String template = signing.getOrDefault("template", "");
            if (template.isEmpty()) throw wrong("signing.template", "is missing: the text that is signed");
            Matcher parts = HmacSigning.PARTS.matcher(template);
            while (parts.find()) {
                if (parts.group(1) != null && !HmacSigning.NAMES.contains(parts.group(1))) {
                    throw wrong("signing.template", "knows " + String.join(", ", HmacSigning.NAMES));
                }
            }
            String time = signing.getOrDefault("timestamp_header", "");
            return new HmacSigning(
                    choice("algorithm", "sha256", Map.of("sha256", "HmacSHA256", "sha512", "HmacSHA512", "sha1", "HmacSHA1")),
                    template,
                    choice("encoding", "hex", Map.of("hex", false, "base64", true)),
                    carrier,
                    before,
                    time.isEmpty() ? "" : fieldName("signing.timestamp_header", time),
                    choice("timestamp_format", "unix", Map.of(
                            "unix", HmacSigning.Clock.SECONDS, "unix_millis", HmacSigning.Clock.MILLIS, "iso8601", HmacSigning.Clock.ISO)));
        }

        private <T> T choice(String member, String usual, Map<String, T> choices) {
            T chosen = choices.get(signing.getOrDefault(member, usual));
            if (chosen == null) throw wrong("signing." + member, "is none of " + String.join(", ", new TreeSet<>(choices.keySet())));
            return chosen;
        }

        private void member(String member, JsonNode given) {
            if (given.isNull()) return;
            switch (member) {
                case "id" -> id = text(member, given, 200);
                case "type" -> type = text(member, given, 20);
                case "header" -> header = fieldName(member, text(member, given, 100));
                case "name" -> name = carryable(member, text(member, given, 200));
                case "value_prefix" -> prefix = text(member, given, 200);
                case "secret" -> masked = new SecretText(text(member, given, VALUE_CHARS_MAX));
                case "value" -> value = Optional.of(new SecretText(secret(given)));
                case "extra_headers" -> {
                    extraHeaders = map(member, given);
                    extraHeaders.forEach((key, inner) -> {
                        fieldName(member, key);
                        carryable(member, inner);
                    });
                }
                case "query_params" -> extraQuery = map(member, given);
                case "signing" -> signing = map(member, given);
                case "hosts" -> hosts = hosts(given);
                case "schemes" -> schemes = schemes(given);
                case "ports" -> ports = ports(given);
                case "methods" -> {
                    methods = new HashSet<>();
                    for (JsonNode method : array(member, given)) methods.add(text(member, method, 20).toUpperCase(Locale.ROOT));
                }
                case "path_prefix" -> {
                    pathPrefix = text(member, given, 1000);
                    if (!pathPrefix.startsWith("/")) throw wrong(member, "must begin with /");
                }
                default -> throw wrong(member, "is unknown");
            }
        }

        private String secret(JsonNode given) {
            if (!given.isTextual() || given.textValue().isEmpty() || given.textValue().length() > VALUE_CHARS_MAX) {
                throw wrong("value", "must be a text of 1 to " + VALUE_CHARS_MAX + " characters");
            }
            for (int i = 0; i < given.textValue().length(); i++) {
                char c = given.textValue().charAt(i);
                if (c < 0x20 || c == 0x7f) throw wrong("value", "holds a control character");
            }
            return given.textValue();
        }

        /// Text that a field may carry unchanged: visible ASCII and blanks.
        private String carryable(String member, String text) {
            for (int i = 0; i < text.length(); i++) {
                if (text.charAt(i) < 0x20 || text.charAt(i) > 0x7e) throw wrong(member, "holds a character that no header may carry");
            }
            return text;
        }

        private String fieldName(String member, String text) {
            boolean token = text.matches("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
            if (!token || FORBIDDEN_FIELDS.contains(text.toLowerCase(Locale.ROOT))) {
                throw wrong(member, "names a field that cannot carry a credential");
            }
            return text;
        }

        private List<NetworkRule> hosts(JsonNode given) {
            List<NetworkRule> rules = new ArrayList<>();
            for (JsonNode entry : array("hosts", given)) {
                NetworkRule rule = NetworkRule.parse(field + ".hosts", text("hosts", entry, 1000));
                if (rule instanceof NetworkRule.Block || rule instanceof NetworkRule.Everything) {
                    throw wrong("hosts", "takes host names, *.suffix and ~regex, no addresses and not everything");
                }
                rules.add(rule);
            }
            return rules;
        }

        private Set<String> schemes(JsonNode given) {
            Set<String> read = new HashSet<>();
            for (JsonNode entry : array("schemes", given)) read.add(text("schemes", entry, 10));
            if (read.isEmpty() || !Set.of("https", "http").containsAll(read)) throw wrong("schemes", "takes https and http");
            return read;
        }

        private Set<Integer> ports(JsonNode given) {
            Set<Integer> read = new HashSet<>();
            for (JsonNode entry : array("ports", given)) {
                if (!entry.isInt() || entry.intValue() < 1 || entry.intValue() > 65_535) throw wrong("ports", "takes numbers from 1 to 65535");
                read.add(entry.intValue());
            }
            if (read.isEmpty()) throw wrong("ports", "is empty");
            return read;
        }

        private JsonNode array(String member, JsonNode given) {
            if (!given.isArray() || given.size() > ENTRIES_MAX) throw wrong(member, "must be an array of at most " + ENTRIES_MAX);
            return given;
        }

        private Map<String, String> map(String member, JsonNode given) {
            if (!given.isObject() || given.size() > ENTRIES_MAX) throw wrong(member, "must be an object of texts");
            Map<String, String> read = new HashMap<>();
            given.properties().forEach(entry -> read.put(entry.getKey(), text(member, entry.getValue(), 1000)));
            return read;
        }

        private String text(String member, JsonNode given, int charsMax) {
            if (!given.isTextual() || given.textValue().length() > charsMax) {
                throw wrong(member, "must be a text of at most " + charsMax + " characters");
            }
            return given.textValue();
        }

        private PolicyException wrong(String member, String message) {
            return new PolicyException(field + "." + member, message);
        }
    }
}
