package dev.declaw.server.fake;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// An HTTP/1.1 client that shows every byte: one connection per request.
public final class RawHttp {
    private static final int ANSWER_MILLIS_MAX = 20_000;

    private final int port;
    private final String key;

    public RawHttp(int port, String key) {
        this.port = port;
        this.key = key;
    }

    /// @param body after removal of the chunk framing
    /// @param complete whether the body ended as its framing says
    public record Answer(int status, Map<String, String> headers, byte[] body, boolean complete) {
        public String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        public JsonNode json() {
            try {
                return JsonMapper.builder().build().readTree(body);
            } catch (IOException e) {
                throw new UncheckedIOException("not JSON: " + text(), e);
            }
        }

        public String header(String name) {
            return headers.get(name.toLowerCase(Locale.ROOT));
        }
    }

    public Answer get(String path) {
        return call("GET", path, null);
    }

    public Answer delete(String path) {
        return call("DELETE", path, null);
    }

    public Answer post(String path, String json) {
        return call("POST", path, json);
    }

    public Answer call(String method, String path, String json, String... headers) {
        String[] all = new String[headers.length + 1];
        all[0] = "Authorization: Bearer " + key;
        System.arraycopy(headers, 0, all, 1, headers.length);
        return bare(method, path, json, all);
    }

    /// Without the key of the server.
    public Answer bare(String method, String path, String json, String... headers) {
        byte[] body = json == null ? new byte[0] : json.getBytes(StandardCharsets.UTF_8);
        return bytes(method, path, body, headers);
    }

    public Answer bytes(String method, String path, byte[] body, String... headers) {
        try (Socket socket = send(method, path, body, headers)) {
            Answer answer = read(socket.getInputStream());
            List<String> faults = new java.util.ArrayList<>(Contract.faults(method, path, answer));
            faults.addAll(RequestContract.faults(method, path, body, answer.status()));
            if (!faults.isEmpty()) throw new AssertionError("not as protocol/openapi.yaml says: " + String.join("; ", faults));
            return answer;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Sends a request and leaves the answer to the caller, who closes the socket.
    public Socket send(String method, String path, byte[] body, String... headers) throws IOException {
        StringBuilder head = new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n");
        for (String header : headers) head.append(header).append("\r\n");
        if (body.length > 0) head.append("Content-Type: application/json\r\n");
        head.append("Content-Length: ").append(body.length).append("\r\n\r\n");
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(head.toString().getBytes(StandardCharsets.UTF_8));
        all.writeBytes(body);
        return sendRaw(all.toByteArray());
    }

    public Socket sendRaw(byte[] request) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(ANSWER_MILLIS_MAX);
        try {
            socket.getOutputStream().write(request);
        } catch (IOException e) {
            // the server may refuse and close before it has read everything; its answer is still there to read
        }
        return socket;
    }

    public String authorization() {
        return "Authorization: Bearer " + key;
    }

    public String key() {
        return key;
    }

    public static Answer read(InputStream in) throws IOException {
        byte[] all = readAll(in);
        String text = new String(all, StandardCharsets.ISO_8859_1);
        int headEnd = text.indexOf("\r\n\r\n");
        if (headEnd < 0) throw new IOException("no HTTP answer: " + text);
        String[] lines = text.substring(0, headEnd).split("\r\n");
        Map<String, String> headers = new LinkedHashMap<>();
        for (int i = 1; i < lines.length; i++) {
            int colon = lines[i].indexOf(':');
            headers.put(lines[i].substring(0, colon).toLowerCase(Locale.ROOT), lines[i].substring(colon + 1).strip());
        }
        int status = Integer.parseInt(lines[0].split(" ")[1]);
        String rest = text.substring(headEnd + 4);
        if ("chunked".equals(headers.get("transfer-encoding"))) return chunked(status, headers, rest);
        int length = Integer.parseInt(headers.getOrDefault("content-length", Integer.toString(rest.length())));
        return new Answer(status, headers, rest.getBytes(StandardCharsets.ISO_8859_1), rest.length() == length);
    }

    private static byte[] readAll(InputStream in) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        try {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) out.write(buffer, 0, n);
        } catch (java.net.SocketException e) {
            // a reset: what came before it is judged by its framing
        }
        return out.toByteArray();
    }

    private static Answer chunked(int status, Map<String, String> headers, String text) {
        StringBuilder body = new StringBuilder();
        int at = 0;
        while (true) {
            int lineEnd = text.indexOf("\r\n", at);
            if (lineEnd < 0) return new Answer(status, headers, latin(body), false);
            int size = Integer.parseInt(text.substring(at, lineEnd), 16);
            if (size == 0) return new Answer(status, headers, latin(body), true);
            if (lineEnd + 2 + size > text.length()) return new Answer(status, headers, latin(body), false);
            body.append(text, lineEnd + 2, lineEnd + 2 + size);
            at = lineEnd + 2 + size + 2;
        }
    }

    private static byte[] latin(StringBuilder text) {
        return text.toString().getBytes(StandardCharsets.ISO_8859_1);
    }
}
