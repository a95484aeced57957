package dev.declaw.server.vault;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.server.store.VaultTable.Secret;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// Secrets as the egress proxy takes them (protocol/egress-control.md, `credentials`).
final class CredentialForms {
    private static final Pattern LITERAL = Pattern.compile("[A-Za-z0-9-]+(\\\\\\.[A-Za-z0-9-]+)+");
    private static final int HTTPS = 443;
    private static final int HTTP = 80;

    private CredentialForms() {}

    /// Adds what one scope injects.
    static void add(ArrayNode list, Secret secret, SecretScope scope, String value) {
        ObjectNode node = frame(list, secret, scope).put("value", value);
        if (!scope.valuePrefix().isEmpty()) node.put("value_prefix", scope.valuePrefix());
        Map<String, String> parameters = new TreeMap<>(scope.queryParams());
        switch (scope.type()) {
            case BEARER -> {
                if (!scope.headerName().isEmpty()) node.put("header", scope.headerName());
            }
            case HEADER -> node.put("header", scope.headerName().isEmpty() ? "Authorization" : scope.headerName());
            case BASIC -> node.put("name", scope.basicUsername());
            case QUERY -> {
                String carrier = parameters.entrySet().stream()
                        .filter(parameter -> parameter.getValue().isEmpty())
                        .findFirst()
                        .orElseThrow()
                        .getKey();
                parameters.remove(carrier);
                node.put("name", carrier);
            }
            case SIGV4, HMAC -> {
                if (!scope.headerName().isEmpty()) node.put("header", scope.headerName());
                put(node, "signing", scope.signing());
            }
        }
        put(node, "extra_headers", scope.extraHeaders());
        put(node, "query_params", parameters);
    }

    private static void put(ObjectNode node, String name, Map<String, String> texts) {
        if (texts.isEmpty()) return;
        ObjectNode object = node.putObject(name);
        new TreeMap<>(texts).forEach(object::put);
    }

    private static ObjectNode frame(ArrayNode list, Secret secret, SecretScope scope) {
        ObjectNode node = list.addObject().put("id", secret.id()).put("type", scope.type().wire());
        node.putArray("hosts").add(host(scope.domainRegex()));
        boolean plain = scope.schemes().contains("http");
        List<String> schemes = scope.schemes().isEmpty() ? List.of("https") : scope.schemes();
        schemes.forEach(node.putArray("schemes")::add);
        ArrayNode ports = node.putArray("ports");
        if (scope.ports().isEmpty()) {
            if (schemes.contains("https")) ports.add(HTTPS);
            if (plain) ports.add(HTTP);
        }
        scope.ports().forEach(ports::add);
        scope.methods().forEach(node.putArray("methods")::add);
        return node.put("path_prefix", scope.pathPrefix());
    }

    /// A name where the expression is one, otherwise `~` and the expression, as network rules write it: it must match the whole
    /// name in lower case.
    private static String host(String regex) {
        return LITERAL.matcher(regex).matches()
                ? regex.replace("\\.", ".").toLowerCase(java.util.Locale.ROOT)
                : "~(?i:" + regex + ")";
    }
}
