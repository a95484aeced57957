package dev.declaw.egress.http;

import dev.declaw.model.network.HostName;
import dev.declaw.model.network.IpLiteral;
import java.net.InetAddress;
import java.util.Optional;
import java.util.OptionalInt;

/// Host and port that a request names, canonical. Exactly one of name and address is there.
///
/// @param port as written; empty stands for the scheme's default
public record Authority(Optional<HostName> name, Optional<InetAddress> address, OptionalInt port) {
    /// Reads `host [":" port]` of a `Host` field or an absolute-form target (RFC 9110 §7.2). No userinfo, no empty or
    /// padded port, no numeric form that only some resolvers would take for an address.
    public static Optional<Authority> parse(String text) {
        int hostEnd;
        String host;
        if (text.startsWith("[")) {
            hostEnd = text.indexOf(']') + 1;
            if (hostEnd == 0) return Optional.empty();
            host = text.substring(1, hostEnd - 1);
            if (host.indexOf(':') < 0) return Optional.empty();
        } else {
            int colon = text.indexOf(':');
            hostEnd = colon < 0 ? text.length() : colon;
            host = text.substring(0, hostEnd);
        }
        OptionalInt port = OptionalInt.empty();
        if (hostEnd < text.length()) {
            if (text.charAt(hostEnd) != ':') return Optional.empty();
            int number = parsePort(text, hostEnd + 1);
            if (number < 0) return Optional.empty();
            port = OptionalInt.of(number);
        }
        Optional<InetAddress> address = IpLiteral.parse(host);
        if (address.isPresent()) return Optional.of(new Authority(Optional.empty(), address, port));
        Optional<HostName> name = HostName.parse(host);
        if (name.isEmpty()) return Optional.empty();
        return Optional.of(new Authority(name, Optional.empty(), port));
    }

    private static int parsePort(String text, int from) {
        int length = text.length() - from;
        if (length < 1 || length > 5 || text.charAt(from) == '0') return -1;
        int value = 0;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') return -1;
            value = value * 10 + (c - '0');
        }
        return value > 65_535 ? -1 : value;
    }

    /// The host as it goes into the canonical `Host` field, brackets around IPv6.
    public String hostText() {
        if (name.isPresent()) return name.get().value();
        String literal = address.orElseThrow().getHostAddress();
        return literal.indexOf(':') >= 0 ? "[" + literal + "]" : literal;
    }

    /// The host, and the port where it is not the scheme's default.
    public String withPort(int actual, String scheme) {
        return actual == (scheme.equals("https") ? 443 : 80) ? hostText() : hostText() + ":" + actual;
    }
}
