package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/// Words the refusals that Jetty makes before a request reaches [ApiHandler] (a malformed request line, a header that is too
/// long) in the API's own form, without stack traces.
final class JsonErrorHandler implements Request.Handler {
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
        response.write(true, body(response.getStatus()), callback);
        return true;
    }

    private static String code(int status) {
        return switch (status) {
            case HttpStatus.REQUEST_HEADER_FIELDS_TOO_LARGE_431 -> "headers_too_large";
            case HttpStatus.URI_TOO_LONG_414 -> "url_too_long";
            default -> status >= 500 ? "internal" : "invalid_http";
        };
    }

    private static ByteBuffer body(int status) {
        String message = switch (status) {
            case HttpStatus.REQUEST_HEADER_FIELDS_TOO_LARGE_431, HttpStatus.URI_TOO_LONG_414 ->
                "the request line and headers are larger than " + ApiServer.HEADER_BYTES_MAX + " bytes; put large values into the body";
            default -> "the request was refused: " + HttpStatus.getMessage(status);
        };
        ObjectNode body = Json.object();
        body.put("message", message);
        body.put("error", message);
        body.put("code", code(status));
        return ByteBuffer.wrap(Json.write(body).getBytes(StandardCharsets.US_ASCII));
    }
}
