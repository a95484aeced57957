package dev.declaw.server.vault;

import java.util.List;
import java.util.Map;

/// Where a secret goes, and how: one injection rule (wire-api 11.4).
///
/// @param domainRegex RE2 syntax, must match the whole host name, whatever the case
/// @param type how the value is put into a request
/// @param headerName for [Type#HEADER]; empty for `Authorization`
/// @param valuePrefix stands before the value in a header
/// @param basicUsername for [Type#BASIC]
/// @param extraHeaders fixed headers that go with it, no secrets
/// @param queryParams for [Type#QUERY]: names of parameters; one whose text is empty carries the secret
/// @param signing for [Type#SIGV4] and [Type#HMAC]: how the request is signed (protocol/egress-control.md)
/// @param schemes `https`, `http`; empty for https alone. An addition of ours, as are `signing` and the next three
/// @param ports empty for 443, and 80 with http
/// @param methods empty for all
/// @param pathPrefix `/` for all
public record SecretScope(
        String domainRegex,
        Type type,
        String headerName,
        String valuePrefix,
        String basicUsername,
        Map<String, String> extraHeaders,
        Map<String, String> queryParams,
        Map<String, String> signing,
        List<String> schemes,
        List<Integer> ports,
        List<String> methods,
        String pathPrefix) {
    /// Ways to put a value into a request that the proxy knows.
    public enum Type {
        BEARER,
        HEADER,
        BASIC,
        QUERY,
        SIGV4,
        HMAC;

        public String wire() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    public SecretScope {
        extraHeaders = Map.copyOf(extraHeaders);
        queryParams = Map.copyOf(queryParams);
        signing = Map.copyOf(signing);
        schemes = List.copyOf(schemes);
        ports = List.copyOf(ports);
        methods = List.copyOf(methods);
    }

    /// The usual scope: one kind of header for the names that a regex matches.
    static SecretScope of(String domainRegex, Type type, String headerName, String valuePrefix, Map<String, String> extraHeaders) {
        return new SecretScope(
                domainRegex, type, headerName, valuePrefix, "", extraHeaders, Map.of(), Map.of(), List.of(), List.of(), List.of(), "/");
    }
}
