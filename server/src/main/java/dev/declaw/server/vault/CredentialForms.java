package dev.declaw.server.vault;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.server.store.VaultTable.Secret;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// Secrets as the egress proxy takes them (protocol/egress-control.md, `credentials`).
final class CredentialForms {
    private static final Pattern LITERAL = Pattern.compile("[A-Za-z0-9-]+(\\\\\\.[A-Za-z0-9-]+)+");
    private static final int HTTPS = 443;
    private static final int HTTP = 80;

    private CredentialForms() {}

    /// Adds what one scope injects: the value, and the fixed headers and parameters that go with it.
    static void add(ArrayNode list, Secret secret, SecretScope scope, String value) {
        switch (scope.type()) {
            case BEARER -> {
                ObjectNode node = frame(list, secret, scope, scope.valuePrefix().isEmpty() ? "bearer" : "header");
                node.put("header", scope.headerName().isEmpty() ? "Authorization" : scope.headerName());
                prefixed(node, scope, value);
            }
            case HEADER -> {
                ObjectNode node = frame(list, secret, scope, "header");
                node.put("header", scope.headerName().isEmpty() ? "Authorization" : scope.headerName());
                prefixed(node, scope, value);
            }
            case BASIC -> frame(list, secret, scope, "basic").put("name", scope.basicUsername()).put("value", value);
            case QUERY -> {} // among the parameters below
        }
        new TreeMap<>(scope.extraHeaders()).forEach((header, text) -> frame(list, secret, scope, "header").put("header", header).put("value", text).put("secret", ""));
        new TreeMap<>(scope.queryParams()).forEach((name, text) -> {
            ObjectNode node = frame(list, secret, scope, "query").put("name", name);
            if (text.isEmpty()) node.put("value", value);
            else node.put("value", text).put("secret", "");
        });
    }

    /// Where the value stands behind a prefix, the proxy must still mask the value alone in responses.
    private static void prefixed(ObjectNode node, SecretScope scope, String value) {
        node.put("value", scope.valuePrefix() + value);
        if (!scope.valuePrefix().isEmpty()) node.put("secret", value);
    }

    private static ObjectNode frame(ArrayNode list, Secret secret, SecretScope scope, String type) {
        ObjectNode node = list.addObject().put("id", secret.id()).put("type", type);
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
