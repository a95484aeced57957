package dev.declaw.egress.flow;

import dev.declaw.egress.http.RequestHead;
import java.net.InetAddress;

/// What an audit event is about.
///
/// @param host canonical name or IP literal; empty when the guest named none
/// @param address the guest's destination, or the upstream address once it is known
/// @param protocol `http`, `https`, `ws`, `wss`, `tls` (passthrough), `tcp`, or `unknown`
/// @param method empty unless a request was read
/// @param path without query values; empty unless a request was read
record Subject(String host, InetAddress address, int port, String protocol, String method, String path) {
    static Subject connection(String host, Destination destination, String protocol) {
        return new Subject(host, destination.address(), destination.port(), protocol, "", "");
    }

    static Subject request(RequestHead head, Destination destination, String protocol) {
        String host = head.authority().hostText();
        return new Subject(
                host, destination.address(), destination.port(), protocol, head.method(), mask(head.target()));
    }

    Subject at(InetAddress dialled) {
        return new Subject(host, dialled, port, protocol, method, path);
    }

    Subject with(String otherPath) {
        return new Subject(host, address, port, protocol, method, otherPath);
    }

    /// `/a?x=1&y=2` as `/a?x=***&y=***`: values of a query may be secrets, their names tell what was asked.
    static String mask(String target) {
        int query = target.indexOf('?');
        if (query < 0) return target;
        StringBuilder out = new StringBuilder(target.length() + 8).append(target, 0, query);
        char separator = '?';
        for (String part : target.substring(query + 1).split("&", -1)) {
            int equals = part.indexOf('=');
            out.append(separator).append(equals < 0 ? "***" : part.substring(0, equals) + "=***");
            separator = '&';
        }
        return out.toString();
    }
}
