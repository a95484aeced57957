package dev.declaw.e2e.platform;

import dev.declaw.e2e.world.Loopback;
import dev.declaw.e2e.world.Origin;
import dev.declaw.e2e.world.Received;
import dev.declaw.e2e.world.World;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import javax.net.ssl.SSLSocket;

/// Lets each role work once, for real, while its JVM records an AOT cache (JEP 514): classes and profiles of the code that
/// later starts need. The launcher runs it after a build; a missing cache costs seconds at every start, nothing else.
///
/// It must not run beside a build: a cache is valid for exactly the jars that were recorded.
public final class Rehearsal {
    private static final int CONNECTIONS = 20;
    private static final int REQUESTS_EACH = 50;
    private static final int ANSWER_BYTES_MAX = 4096;
    private static final String RECORD = "-XX:AOTCacheOutput=";
    private static final int ANSWER_MILLIS_MAX = 10_000;
    private static final String BODY = "{\"item\":\"bicycle\",\"to\":\"maria@example.com\"}";
    private static final byte[] REQUEST = ("POST /v1/items?q=bicycle HTTP/1.1\r\nHost: api.example.test\r\n"
                    + "Content-Type: application/json\r\nContent-Length: " + BODY.length() + "\r\n\r\n" + BODY)
            .getBytes(StandardCharsets.ISO_8859_1);

    private Rehearsal() {}

    /// @param arguments the directory that gets `server.aot` and `egress.aot`
    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        Files.deleteIfExists(folder.resolve("egress.aot"));
        Files.deleteIfExists(folder.resolve("server.aot"));
        System.out.println("· the proxy serves " + CONNECTIONS * REQUESTS_EACH + " requests");
        egress(RECORD + folder.resolve("egress.aot"));
        System.out.println("· the server starts and ends");
        server(RECORD + folder.resolve("server.aot"));
    }

    private static void egress(String option) throws IOException {
        String policy = "{\"security\": {\"pii\": {\"enabled\": true}}, \"network\": {\"allow_out\": [\"api.example.test\"]}}";
        try (Loopback loopback = new Loopback(policy, Map.of("DECLAW_JVM_OPTIONS", option))) {
            Origin _ = loopback.origin(_ -> Received.Answer.json("{\"ok\":true}"));
            for (int connection = 0; connection < CONNECTIONS; connection++) {
                try (SSLSocket socket = loopback.connect(true)) {
                    socket.setSoTimeout(ANSWER_MILLIS_MAX);
                    for (int request = 0; request < REQUESTS_EACH; request++) exchange(socket);
                }
            }
        }
    }

    private static void exchange(SSLSocket socket) throws IOException {
        OutputStream out = socket.getOutputStream();
        InputStream in = socket.getInputStream();
        byte[] answer = new byte[ANSWER_BYTES_MAX];
        out.write(REQUEST);
        int length = 0;
        while (!complete(new String(answer, 0, length, StandardCharsets.ISO_8859_1))) {
            int n = in.read(answer, length, answer.length - length);
            if (n <= 0) throw new IOException("the proxy closed before the whole answer was there");
            length += n;
        }
    }

    /// The origin's body ends with a brace; the proxy frames it in chunks where tokens might have to be turned back.
    private static boolean complete(String answer) {
        return answer.endsWith(answer.contains("chunked") ? "\r\n0\r\n\r\n" : "}");
    }

    private static void server(String option) {
        try (World world = new World();
                Platform platform = new Platform(world, Map.of("DECLAW_JVM_OPTIONS", option))) {
            platform.api().get("/health");
            platform.api().get("/sandboxes");
            platform.api().get("/sandboxes/sbx-00000000/audit");
            platform.api().post("/sandboxes", "{\"template\": \"not-there\"}");
        }
    }
}
