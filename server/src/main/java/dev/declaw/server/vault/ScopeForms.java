package dev.declaw.server.vault;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.declaw.egress.credential.CredentialReader;
import dev.declaw.model.policy.PolicyException;
import dev.declaw.model.failure.PlatformFailure;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Scopes as JSON, in requests, answers and the store. Reading is strict: a scope that cannot do what it says is refused.
public final class ScopeForms {
    private static final int SCOPES_MAX = 16;
    private static final int TEXT_CHARS_MAX = 200;
    private static final int LIST_MAX = 32;
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final java.util.regex.Pattern HEADER_NAME = java.util.regex.Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}");

    /// Headers that frame a message or say where it goes; no secret belongs there.
    private static final Set<String> CLOSED_HEADERS = Set.of(
            "host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect", "keep-alive", "content-encoding",
            "proxy-connection", "proxy-authorization");

    private ScopeForms() {}

    /// @throws PlatformFailure.InvalidRequest when it is no array of valid scopes
    /// @throws PlatformFailure.Unprocessable for an injection type that this version does not have
    public static List<SecretScope> read(JsonNode node) {
        if (node == null || !node.isArray() || node.isEmpty()) throw wrong("scopes", "must be an array of at least one scope");
        if (node.size() > SCOPES_MAX) throw wrong("scopes", "has more than " + SCOPES_MAX + " entries");
        List<SecretScope> scopes = new ArrayList<>();
        for (int i = 0; i < node.size(); i++) scopes.add(one("scopes[" + i + "]", node.get(i)));
        return scopes;
    }

    private static SecretScope one(String name, JsonNode node) {
        if (!node.isObject()) throw wrong(name, "must be an object");
        String regex = text(name, node, "domain_regex");
        if (regex.isEmpty()) throw wrong(name + ".domain_regex", "is missing");
        try {
            Pattern.compile(regex);
        } catch (PatternSyntaxException e) {
            throw wrong(name + ".domain_regex", "is no regular expression in RE2 syntax: " + e.getDescription());
        }
        SecretScope.Type type = type(name, text(name, node, "injection_type"));
        String header = text(name, node, "header_name");
        if (!header.isEmpty()) checkHeader(name + ".header_name", header);
        String username = text(name, node, "basic_username");
        if (username.chars().anyMatch(c -> c == ':' || c > 0x7e)) throw wrong(name + ".basic_username", "must be ASCII without a colon");
        Map<String, String> extra = texts(name, node, "extra_headers");
        extra.keySet().forEach(key -> checkHeader(name + ".extra_headers", key));
        Map<String, String> query = texts(name, node, "query_params");
        if (type == SecretScope.Type.QUERY && query.values().stream().filter(String::isEmpty).count() != 1) {
            throw wrong(name + ".query_params", "must have one parameter with an empty value: the one that carries the secret");
        }
        if (type != SecretScope.Type.QUERY && query.containsValue("")) {
            throw wrong(name + ".query_params", "has an empty value, which stands for the secret with the type query only");
        }
        String path = text(name, node, "path_prefix");
        if (!path.isEmpty() && !path.startsWith("/")) throw wrong(name + ".path_prefix", "must begin with a slash");
        return new SecretScope(
                regex, type, header, text(name, node, "value_prefix"), username, extra, query, signing(name, node, type, header),
                words(name, node, "schemes", Set.of("https", "http")), ports(name, node), methods(name, node),
                path.isEmpty() ? "/" : path);
    }

    /// Read as the proxy will read it, so that what is kept here is accepted there.
    private static Map<String, String> signing(String name, JsonNode node, SecretScope.Type type, String header) {
        Map<String, String> signing = texts(name, node, "signing");
        if (type != SecretScope.Type.SIGV4 && type != SecretScope.Type.HMAC) {
            if (!signing.isEmpty()) throw wrong(name + ".signing", "is for the types sigv4 and hmac");
            return signing;
        }
        ObjectNode credential = JsonNodeFactory.instance.objectNode().put("id", "scope").put("type", type.wire());
        credential.putArray("hosts").add("scope.invalid");
        if (!header.isEmpty()) credential.put("header", header);
        put(credential, "signing", signing);
        try {
            CredentialReader.read(JsonNodeFactory.instance.arrayNode().add(credential));
        } catch (PolicyException e) {
            throw wrong(name, "cannot sign: " + e.getMessage().substring(e.getMessage().indexOf("].") + 2));
        }
        return signing;
    }

    private static SecretScope.Type type(String name, String word) {
        if (word.isEmpty()) return SecretScope.Type.BEARER;
        List<String> brokered = List.of("oidc", "redis", "postgres", "mysql", "smtp", "mongodb");
        if (brokered.contains(word)) {
            throw new PlatformFailure.Unprocessable(
                    "not_available", name + ".injection_type: this version does not have " + word + "; it has bearer, header, basic, query, sigv4 and hmac");
        }
        return Arrays.stream(SecretScope.Type.values())
                .filter(type -> type.wire().equals(word))
                .findFirst()
                .orElseThrow(() -> wrong(name + ".injection_type", "must be bearer, header, basic, query, sigv4 or hmac"));
    }

    private static void checkHeader(String name, String header) {
        if (!HEADER_NAME.matcher(header).matches()) throw wrong(name, "has a name that is no HTTP header name");
        if (CLOSED_HEADERS.contains(header.toLowerCase(java.util.Locale.ROOT))) {
            throw wrong(name, "must not set " + header + ", which frames the request");
        }
    }

    private static String text(String name, JsonNode node, String member) {
        JsonNode value = node.get(member);
        return value == null || value.isNull() ? "" : checked(name + "." + member, value);
    }

    private static String checked(String name, JsonNode value) {
        if (!value.isTextual()) throw wrong(name, "must be a string");
        String text = value.textValue();
        if (text.length() > TEXT_CHARS_MAX) throw wrong(name, "is longer than " + TEXT_CHARS_MAX + " characters");
        if (text.chars().anyMatch(c -> c < 0x20 || c == 0x7f)) throw wrong(name, "contains a control character");
        return text;
    }

    private static Map<String, String> texts(String name, JsonNode node, String member) {
        JsonNode value = node.get(member);
        Map<String, String> texts = new TreeMap<>();
        if (value == null || value.isNull()) return texts;
        if (!value.isObject()) throw wrong(name + "." + member, "must be an object of strings");
        if (value.size() > LIST_MAX) throw wrong(name + "." + member, "has more than " + LIST_MAX + " entries");
        value.properties().forEach(entry -> texts.put(entry.getKey(), checked(name + "." + member, entry.getValue())));
        return texts;
    }

    private static List<String> words(String name, JsonNode node, String member, Set<String> known) {
        JsonNode value = node.get(member);
        List<String> words = new ArrayList<>();
        if (value == null || value.isNull()) return words;
        String choice = known.stream().sorted().collect(Collectors.joining(", "));
        if (!value.isArray() || value.size() > LIST_MAX) throw wrong(name + "." + member, "must be an array of " + choice);
        for (JsonNode word : value) {
            if (!known.contains(word.asText())) throw wrong(name + "." + member, "must be an array of " + choice);
            words.add(word.textValue());
        }
        return words;
    }

    private static List<String> methods(String name, JsonNode node) {
        return words(name, node, "methods", Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"));
    }

    private static List<Integer> ports(String name, JsonNode node) {
        JsonNode value = node.get("ports");
        List<Integer> ports = new ArrayList<>();
        if (value == null || value.isNull()) return ports;
        if (!value.isArray() || value.size() > LIST_MAX) throw wrong(name + ".ports", "must be an array of port numbers");
        for (JsonNode port : value) {
            if (!port.isInt() || port.intValue() < 1 || port.intValue() > 65535) {
                throw wrong(name + ".ports", "must be an array of port numbers");
            }
            ports.add(port.intValue());
        }
        return ports;
    }

    /// Empty members are left out.
    public static ArrayNode json(List<SecretScope> scopes) {
        ArrayNode list = JsonNodeFactory.instance.arrayNode();
        for (SecretScope scope : scopes) {
            ObjectNode node = list.addObject();
            node.put("domain_regex", scope.domainRegex());
            node.put("injection_type", scope.type().wire());
            put(node, "header_name", scope.headerName());
            put(node, "value_prefix", scope.valuePrefix());
            put(node, "basic_username", scope.basicUsername());
            put(node, "extra_headers", scope.extraHeaders());
            put(node, "query_params", scope.queryParams());
            put(node, "signing", scope.signing());
            if (!scope.schemes().isEmpty()) scope.schemes().forEach(node.putArray("schemes")::add);
            if (!scope.ports().isEmpty()) scope.ports().forEach(node.putArray("ports")::add);
            if (!scope.methods().isEmpty()) scope.methods().forEach(node.putArray("methods")::add);
            if (!scope.pathPrefix().equals("/")) node.put("path_prefix", scope.pathPrefix());
        }
        return list;
    }

    private static void put(ObjectNode node, String name, String value) {
        if (!value.isEmpty()) node.put(name, value);
    }

    private static void put(ObjectNode node, String name, Map<String, String> values) {
        if (values.isEmpty()) return;
        ObjectNode object = node.putObject(name);
        new TreeMap<>(values).forEach(object::put);
    }

    /// Reads what the store holds: it was checked when it came in.
    static List<SecretScope> readStored(String text) {
        try {
            return read(JSON.readTree(text));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the store holds scopes that cannot be read", e);
        }
    }

    private static PlatformFailure wrong(String name, String what) {
        return new PlatformFailure.InvalidRequest("invalid_request", name + " " + what);
    }
}
