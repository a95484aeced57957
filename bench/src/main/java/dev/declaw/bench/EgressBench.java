package dev.declaw.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.e2e.platform.Api;

import dev.declaw.e2e.world.Loopback;
import dev.declaw.e2e.world.Origin;
import dev.declaw.e2e.world.Received;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import javax.net.ssl.SSLSocket;

/// Keep-alive HTTPS requests on loopback, directly and through interception by the standalone proxy, in the same run: the
/// same client, the same origin, closed loop. CPU is the proxy's own, read from the kernel.
final class EgressBench {
    private static final int SECONDS = 10;
    private static final int CONNECTIONS = 8;
    private static final int WARM_UP_SECONDS = 5;

    private EgressBench() {}

    static void run(String[] arguments) {
        int seconds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : SECONDS;
        String open = "{\"security\": {\"pii\": {\"enabled\": true, \"domains\": [\"nobody.example.test\", \"api.example.test\"], \"types\": [\"ssn\"]}}, "
                + "\"network\": {\"allow_out\": [\"api.example.test\"]}}";
        String all = "{\"security\": {\"pii\": {\"enabled\": true}}, \"network\": {\"allow_out\": [\"api.example.test\"]}}";
        try {
            measure("one_type", open, seconds);
            measure("all_types", all, seconds);
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void measure(String label, String policy, int seconds) throws IOException, InterruptedException {
        try (Loopback loopback = new Loopback(policy)) {
            Origin origin = loopback.origin(_ -> Received.Answer.json("{\"ok\":true}"));
            long proxy = loopback.proxy().pid();
            load(loopback, true, WARM_UP_SECONDS);
            load(loopback, false, 1);
            Samples direct = load(loopback, false, seconds);
            double cpuBefore = cpuSeconds(proxy);
            Samples proxied = load(loopback, true, seconds);
            double cpu = cpuSeconds(proxy) - cpuBefore;
            ObjectNode line = Api.JSON.createObjectNode();
            line.put("bench", "egress").put("scan", label).put("connections", CONNECTIONS).put("seconds", seconds);
            line.put("direct_rps", direct.count() / seconds).put("intercepted_rps", proxied.count() / seconds);
            direct.describe(line, "direct");
            proxied.describe(line, "intercepted");
            line.put("added_p50_ms", Samples.round(proxied.percentile(0.5) - direct.percentile(0.5)));
            line.put("cpu_micros_per_request", Samples.round(cpu * 1e6 / proxied.count()));
            line.put("origin_requests", origin.received().size());
            System.out.println(line);
        }
    }

    private static Samples load(Loopback loopback, boolean throughProxy, int seconds)
            throws IOException, InterruptedException {
        List<Samples> all = new ArrayList<>();
        CountDownLatch done = new CountDownLatch(CONNECTIONS);
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        for (int i = 0; i < CONNECTIONS; i++) {
            Samples samples = new Samples();
            all.add(samples);
            SSLSocket socket = loopback.connect(throughProxy);
            Thread.ofVirtual().start(() -> {
                try (socket) {
                    converse(socket, samples, end);
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                } finally {
                    done.countDown();
                }
            });
        }
        done.await();
        Samples merged = new Samples();
        all.forEach(merged::addAll);
        return merged;
    }

    private static void converse(SSLSocket socket, Samples samples, long end) throws IOException {
        byte[] request = ("POST /v1/items HTTP/1.1\r\nHost: api.example.test\r\nContent-Type: application/json\r\n"
                        + "Accept: */*\r\nUser-Agent: bench\r\nContent-Length: 28\r\n\r\n{\"item\":\"bicycle\",\"count\":3}")
                .getBytes(StandardCharsets.ISO_8859_1);
        OutputStream out = socket.getOutputStream();
        InputStream in = socket.getInputStream();
        byte[] buffer = new byte[4096];
        while (System.nanoTime() < end) {
            long start = System.nanoTime();
            out.write(request);
            readAnswer(in, buffer);
            samples.add(System.nanoTime() - start);
        }
    }

    /// Answers of this bench end with their JSON body.
    private static void readAnswer(InputStream in, byte[] buffer) throws IOException {
        int length = 0;
        while (true) {
            int n = in.read(buffer, length, buffer.length - length);
            if (n < 0) throw new IOException("the peer closed: " + new String(buffer, 0, length, StandardCharsets.ISO_8859_1));
            length += n;
            if (buffer[length - 1] == '}') {
                String answer = new String(buffer, 0, length, StandardCharsets.ISO_8859_1);
                if (!answer.startsWith("HTTP/1.1 200")) throw new IOException("not answered: " + answer);
                return;
            }
        }
    }

    /// utime + stime of a process (proc(5)), at 100 ticks a second.
    private static double cpuSeconds(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / 100.0;
    }
}
