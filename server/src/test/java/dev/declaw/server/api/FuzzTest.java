package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.server.fake.FakeGuest;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Requests that nobody in his right mind sends, to every endpoint: whatever comes, the answer is never "something went wrong in the
/// server". `-Ddeclaw.test.fuzz-requests=1000000` sends more; a failure shows its seed and the request. What a request meets depends on
/// those before it, so `-Ddeclaw.test.fuzz-seed` repeats a run, not a single request.
final class FuzzTest {
    private static final int REQUESTS = Integer.getInteger("declaw.test.fuzz-requests", 6000);
    private static final long SEED = Long.getLong("declaw.test.fuzz-seed", 4);
    private static final int CALLERS = 8;
    private static final int BODY_BYTES_READ_MAX = 1 << 20;

    /// Requests after which a caller looks whether the sandbox still runs.
    private static final int LOOK_EVERY = 100;
    private static final int FAILURES_MAX = 20;
    private static final int SANDBOXES_KEPT_MAX = 4;
    private static final int CREATE_TRIES_MAX = 20;

    @TempDir
    Path home;

    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final Map<String, LongAdder> statuses = new ConcurrentHashMap<>();

    @Test
    void noRequestIsTheServersFault() throws Exception {
        try (TestServer server = new TestServer(home)) {
            FuzzRequests requests = new FuzzRequests(server.http.authorization());
            renew(server, requests);
            List<String> routes = server.api.served();
            List<Thread> callers = new ArrayList<>();
            for (int caller = 0; caller < CALLERS; caller++) {
                int first = caller;
                callers.add(Thread.ofVirtual().start(() -> {
                    try (Line line = new Line(server.http)) {
                        for (int i = first; i < REQUESTS && failures.size() < FAILURES_MAX; i += CALLERS) {
                            if (i / CALLERS % LOOK_EVERY == 0) renew(server, requests);
                            send(line, requests, routes, SEED * 1_000_003 + i);
                        }
                    } catch (RuntimeException e) {
                        failures.add("a caller gave up: " + e);
                    }
                }));
            }
            for (Thread caller : callers) caller.join();
            System.out.println("fuzz: " + REQUESTS + " requests, answers " + new TreeMap<>(statuses));
            assertThat(failures).isEmpty();
            assertThat(server.http.get("/health").status()).isEqualTo(200);
            // Most requests reach an endpoint's own work, or this would find nothing there.
            assertThat(statuses.get("200").sum()).isGreaterThan(REQUESTS / 20);
        }
    }

    /// Sees to it that there is a sandbox to ask for. Its requests may have killed it, or used the account's room up.
    private static synchronized void renew(TestServer server, FuzzRequests requests) {
        List<String> ids = new ArrayList<>();
        server.http.get("/sandboxes?state=running&limit=100").json().path("sandboxes").forEach(each -> ids.add(each.path("sandbox_id").textValue()));
        if (!ids.isEmpty() && ids.size() <= SANDBOXES_KEPT_MAX) {
            requests.sandbox(ids.getFirst());
            return;
        }
        ids.forEach(id -> server.http.delete("/sandboxes/" + id));
        server.http.get("/sandboxes?state=paused&limit=100").json().path("sandboxes")
                .forEach(each -> server.http.delete("/sandboxes/" + each.path("sandbox_id").textValue()));
        RawHttp.Answer made = null;
        for (int i = 0; i < CREATE_TRIES_MAX; i++) {
            server.http.bytes("PUT", "/tenants/owner-1/limits", "{}".getBytes(StandardCharsets.US_ASCII), server.http.authorization());
            made = server.http.post("/sandboxes", "{\"timeout\":3600}");
            if (made.status() != 201) continue;
            String id = made.json().path("sandbox_id").textValue();
            FakeGuest guest = server.host.vm(id).guest;
            guest.directories.add("/tmp/x");
            requests.sandbox(id);
            return;
        }
        throw new IllegalStateException("no sandbox can be made any more: " + made.text());
    }

    /// One connection, used again as long as the server keeps it and the end of each answer can be told.
    private static final class Line implements AutoCloseable {
        private final RawHttp http;
        private Socket socket;
        private InputStream in;

        Line(RawHttp http) {
            this.http = http;
        }

        /// @return status line and the beginning of the body, parted by LF; empty when the connection was cut, which malformed framing earns
        String ask(byte[] request) throws IOException {
            if (socket == null) {
                socket = http.sendRaw(request);
                in = new BufferedInputStream(socket.getInputStream());
            } else {
                socket.getOutputStream().write(request);
            }
            String status = line();
            int length = -1;
            boolean close = new String(request, StandardCharsets.ISO_8859_1).startsWith("HEAD");
            for (String field = line(); !field.isEmpty(); field = line()) {
                String lower = field.toLowerCase(java.util.Locale.ROOT);
                if (lower.startsWith("content-length:")) length = Integer.parseInt(lower.substring(15).strip());
                if (lower.startsWith("connection: close")) close = true;
            }
            if (status.startsWith("HTTP/1.1 100")) return ask(new byte[0]);
            String body = "";
            if (length >= 0 && length < BODY_BYTES_READ_MAX && !close) body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
            else close = true;
            if (close) close();
            return status + "\n" + body;
        }

        private String line() throws IOException {
            StringBuilder line = new StringBuilder();
            for (int octet = in.read(); octet != '\n'; octet = in.read()) {
                if (octet < 0) throw new SocketException("cut");
                if (octet != '\r') line.append((char) octet);
            }
            return line.toString();
        }

        @Override
        public void close() {
            try {
                if (socket != null) socket.close();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
            socket = null;
        }
    }

    private void send(Line line, FuzzRequests requests, List<String> routes, long seed) {
        Random random = new Random(seed);
        byte[] request = requests.request(random, routes.get(random.nextInt(routes.size())));
        try {
            String answer = line.ask(request);
            String status = answer.substring(9, 12);
            statuses.computeIfAbsent(status, _ -> new LongAdder()).increment();
            if (status.matches("50[015]")) failures.add("seed " + seed + ": " + answer + "\n" + new String(request, StandardCharsets.ISO_8859_1));
            requests.learn(answer);
        } catch (SocketException e) {
            statuses.computeIfAbsent("cut", _ -> new LongAdder()).increment();
            line.close(); // refused and cut while it was still being sent
        } catch (IOException e) {
            line.close();
            failures.add("seed " + seed + ": " + e + "\n" + new String(request, StandardCharsets.ISO_8859_1));
        }
    }
}
