package dev.declaw.egress.flow;

import dev.declaw.egress.http.RequestHead;
import dev.declaw.model.policy.Reason;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// A denial as a gRPC client understands it: a trailers-only response (gRPC over HTTP/2, "Responses"), whose status tells
/// the program and whose message tells people.
final class GrpcDenial {
    private static final int INVALID_ARGUMENT = 3;
    private static final int DEADLINE_EXCEEDED = 4;
    private static final int PERMISSION_DENIED = 7;
    private static final int RESOURCE_EXHAUSTED = 8;
    private static final int UNAVAILABLE = 14;

    private GrpcDenial() {}

    static boolean fits(RequestHead head) {
        String type = head.value("content-type").toLowerCase(Locale.ROOT);
        return type.equals("application/grpc") || type.startsWith("application/grpc+") || type.startsWith("application/grpc;");
    }

    static Http2HeadersFrame frame(boolean policy, Reason reason, String detail, String auditId) {
        Http2Headers headers = new DefaultHttp2Headers(false, 6)
                .status("200")
                .add("content-type", "application/grpc")
                .add("grpc-status", Integer.toString(status(policy, reason)))
                .add("grpc-message", percentEncoded(BlockPage.sentence(reason, detail) + "; audit id " + auditId))
                .add("x-declaw-reason", reason.code());
        return new DefaultHttp2HeadersFrame(headers, true);
    }

    private static int status(boolean policy, Reason reason) {
        return switch (reason) {
            case MALFORMED_REQUEST -> INVALID_ARGUMENT;
            case TIMED_OUT -> DEADLINE_EXCEEDED;
            case REQUEST_TOO_LARGE, LIMIT_REACHED -> RESOURCE_EXHAUSTED;
            case AUDIT_UNAVAILABLE -> UNAVAILABLE;
            default -> policy ? PERMISSION_DENIED : UNAVAILABLE;
        };
    }

    /// Visible ASCII but the percent sign stands for itself.
    private static String percentEncoded(String text) {
        StringBuilder out = new StringBuilder(text.length() + 16);
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            if (b >= 0x20 && b < 0x7f && b != '%') {
                out.append((char) b);
            } else {
                out.append('%').append("%02X".formatted(b));
            }
        }
        return out.toString();
    }
}
