package dev.declaw.egress.explain;

import java.util.List;
import java.util.Objects;

/// A request to replay through a policy.
///
/// @param scheme `https` or `http`
/// @param host name or address
/// @param port destination port
/// @param method in upper case
/// @param target path and query
/// @param headers in order
/// @param body without content codings; empty for none
public record Sample(
        String scheme, String host, int port, String method, String target, List<Header> headers, byte[] body) {
    public record Header(String name, String value) {}

    public Sample {
        Objects.requireNonNull(host);
        headers = List.copyOf(headers);
    }

    String contentType() {
        return headers.stream()
                .filter(header -> header.name().equalsIgnoreCase("Content-Type"))
                .map(Header::value)
                .findFirst()
                .orElse("");
    }
}
