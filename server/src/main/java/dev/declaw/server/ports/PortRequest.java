package dev.declaw.server.ports;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.server.Request;

/// The head of a request as the guest gets it.
final class PortRequest {
    private static final Set<String> OURS = Set.of(
            "host", "content-length", "expect", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-prefix", "forwarded",
            "x-real-ip");

    private PortRequest() {}

    static boolean webSocket(Request request) {
        return request.getMethod().equals("GET") && "websocket".equalsIgnoreCase(request.getHeaders().get("Upgrade"));
    }

    static boolean hasBody(Request request) {
        return request.getLength() > 0 || request.getLength() < 0 && request.getHeaders().contains("Transfer-Encoding")
                || request.getLength() < 0 && request.getConnectionMetaData().getHttpVersion().getVersion() >= 20;
    }

    static byte[] head(Request request, PortTarget target) {
        StringBuilder head = new StringBuilder(request.getMethod()).append(' ').append(target.requestTarget()).append(" HTTP/1.1\r\n");
        field(head, "Host", target.host());
        Set<String> named = new HashSet<>();
        for (String value : request.getHeaders().getValuesList("Connection")) {
            for (String name : value.split(",")) named.add(name.strip().toLowerCase(Locale.ROOT));
        }
        for (HttpField field : request.getHeaders()) {
            String name = field.getLowerCaseName();
            boolean dropped = GuestHead.hopByHop(name) || named.contains(name) || OURS.contains(name) || target.secrets().contains(name)
                    || name.startsWith(":");
            if (!dropped && field.getValue() != null) field(head, field.getName(), field.getValue());
        }
        field(head, "X-Forwarded-For", Request.getRemoteAddr(request));
        field(head, "X-Forwarded-Host", String.valueOf(request.getHttpURI().getAuthority()));
        field(head, "X-Forwarded-Proto", String.valueOf(request.getHttpURI().getScheme()));
        field(head, "X-Forwarded-Prefix", target.prefix());
        if (webSocket(request)) {
            field(head, "Upgrade", "websocket");
            field(head, "Connection", "Upgrade");
        } else {
            field(head, "Connection", "close"); // one exchange per tunnel
            if (request.getLength() >= 0 && (request.getLength() > 0 || request.getHeaders().contains("Content-Length"))) {
                field(head, "Content-Length", Long.toString(request.getLength()));
            } else if (hasBody(request)) {
                field(head, "Transfer-Encoding", "chunked");
            }
        }
        return head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    private static void field(StringBuilder head, String name, String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c < 0x20 && c != '\t' || c == 0x7f || c > 0xff) return; // cannot be said in a field (RFC 9110 §5.5)
        }
        head.append(name).append(": ").append(value).append("\r\n");
    }
}
