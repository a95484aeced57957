package dev.declaw.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.e2e.platform.Api;
import dev.declaw.e2e.world.Loopback;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import dev.declaw.model.scan.PiiType;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import javax.net.ssl.SSLSocket;

/// Keep-alive HTTPS on loopback, directly, through our interception and through that of other proxies, in one run: the same
/// client, the same origin, closed loop, redirected connections, the origin verified. CPU is each proxy's own, read from the
/// kernel. Prints one JSON line.
final class EgressBench {
    private static final int SECONDS = 10;
    private static final int CONNECTIONS = 8;
    /// A proxy is warm when it has served so many requests, or has had so much time.
    private static final int WARM_UP_REQUESTS = 60_000;

    private static final int WARM_UP_SECONDS_MAX = 45;
    private static final int WARM_UP_ROUND_SECONDS = 3;
    private static final int FIRST_MINUTE_SECONDS = 60;
    private static final int LARGE_MIB = 256;
    private static final int DIRECT = 3;
    private static final int OURS = 2;
    private static final String NETWORK = ", \"network\": {\"allow_out\": [\"api.example.test\"]}}";
    /// What the others do: TLS is opened, nothing is scanned. Each request is judged and recorded all the same.
    private static final String SCAN_OFF = "{\"security\": {\"intercept\": true}" + NETWORK;
    /// Every scanner that runs no model, and tokens turned back in answers.
    private static final String DETERMINISTIC = "{\"security\": {\"invisible_text\": {\"enabled\": true}, \"code_security\": {\"enabled\": true},"
            + " \"transformations\": [{\"match\": \"internal-[0-9]+\", \"replace\": \"host\"}], \"pii\": {\"enabled\": true, \"types\": "
            + types() + "}}" + NETWORK;
    /// One core for the proxy, as the others have.
    private static final Map<String, String> ONE_CORE = Map.of("DECLAW_JVM_OPTIONS", "-XX:ActiveProcessorCount=1");

    private static String types() {
        return EnumSet.complementOf(EnumSet.of(PiiType.PERSON_NAME, PiiType.ADDRESS)).stream()
                .map(type -> '"' + type.wire() + '"')
                .collect(Collectors.joining(", ", "[", "]"));
    }

    private EgressBench() {}

    /// What one way to the origin costs.
    private record Figures(Samples times, double seconds, double cpuMicros, double cpuMillisPerMib) {
        double requestsPerSecond() {
            return times.count() / seconds;
        }
    }

    static void run(String[] arguments) {
        int seconds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : SECONDS;
        ObjectNode line = Api.JSON.createObjectNode();
        line.put("bench", "egress").put("connections", CONNECTIONS).put("seconds", seconds);
        line.put("processors", Runtime.getRuntime().availableProcessors());
        try {
            Figures off = withPeers(line, seconds);
            scanning(line, seconds, off);
            System.out.println(line);
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Ours with every deterministic scanner, then what streams and what stays open.
    private static void scanning(ObjectNode line, int seconds, Figures off) throws IOException, InterruptedException {
        try (Loopback loopback = new Loopback(DETERMINISTIC, ONE_CORE);
                BenchOrigin _ = new BenchOrigin(loopback.listen())) {
            Figures all = measure(loopback, OURS, loopback.proxy().pid(), seconds);
            describe(line, "declaw_deterministic", all, Optional.empty());
            line.put("declaw_deterministic_to_scan_off_cpu", Samples.round(all.cpuMicros() / off.cpuMicros()));
            Samples direct = OpenStreams.firstEvents(loopback, DIRECT);
            Samples proxied = OpenStreams.firstEvents(loopback, OURS);
            line.put("declaw_event_added_p50_ms", Samples.round(proxied.percentile(0.5) - direct.percentile(0.5)));
            line.put("declaw_event_added_p99_ms", Samples.round(proxied.percentile(0.99) - direct.percentile(0.99)));
        }
        try (Loopback loopback = new Loopback(SCAN_OFF, ONE_CORE);
                BenchOrigin _ = new BenchOrigin(loopback.listen())) {
            OpenStreams.hold(line, loopback, OURS);
        }
    }

    /// Ours without scanners, and each of the others, one after the other on the same rig.
    private static Figures withPeers(ObjectNode line, int seconds) throws IOException, InterruptedException {
        try (Loopback loopback = new Loopback(SCAN_OFF, ONE_CORE);
                BenchOrigin _ = new BenchOrigin(loopback.listen())) {
            warmUp(loopback, DIRECT);
            Samples direct = load(loopback, DIRECT, seconds);
            direct.describe(line, "direct");
            line.put("direct_rps", Math.round(direct.count() / (double) seconds));
            line.put("declaw_first_minute_requests", load(loopback, OURS, FIRST_MINUTE_SECONDS).count());
            line.put("declaw_first_minute_cpu_seconds", Samples.round(cpuSeconds(loopback.proxy().pid())));
            Figures own = measure(loopback, OURS, loopback.proxy().pid(), seconds);
            describe(line, "declaw_scan_off", own, Optional.empty());
            line.put("declaw_added_p50_ms", Samples.round(own.times().percentile(0.5) - direct.percentile(0.5)));
            line.put("declaw_added_p99_ms", Samples.round(own.times().percentile(0.99) - direct.percentile(0.99)));
            for (PeerProxy peer : PeerProxy.values()) {
                Optional<Process> process = peer.start(loopback);
                if (process.isEmpty()) continue;
                Figures theirs = measure(loopback, peer.last, process.get().pid(), seconds);
                describe(line, peer.label(), theirs, Optional.of(own));
                line.put(peer.label() + "_added_p50_ms", Samples.round(theirs.times().percentile(0.5) - direct.percentile(0.5)));
                process.get().destroy();
                process.get().waitFor();
            }
            return own;
        }
    }

    private static Figures measure(Loopback loopback, int last, long pid, int seconds)
            throws IOException, InterruptedException {
        warmUp(loopback, last);
        double before = cpuSeconds(pid);
        Samples times = load(loopback, last, seconds);
        double cpu = cpuSeconds(pid) - before;
        large(loopback, last, LARGE_MIB);
        double largeBefore = cpuSeconds(pid);
        large(loopback, last, LARGE_MIB);
        double largeCpu = cpuSeconds(pid) - largeBefore;
        return new Figures(times, seconds, cpu * 1e6 / times.count(), largeCpu * 1e3 / LARGE_MIB);
    }

    private static void warmUp(Loopback loopback, int last) throws IOException, InterruptedException {
        int served = 0;
        for (int spent = 0; spent < WARM_UP_SECONDS_MAX && served < WARM_UP_REQUESTS; spent += WARM_UP_ROUND_SECONDS) {
            served += load(loopback, last, WARM_UP_ROUND_SECONDS).count();
        }
    }

    /// @param own ours, to which the others are compared
    private static void describe(ObjectNode line, String label, Figures figures, Optional<Figures> own) {
        line.put(label + "_rps", Math.round(figures.requestsPerSecond()));
        line.put(label + "_cpu_micros_per_request", Samples.round(figures.cpuMicros()));
        line.put(label + "_cpu_ms_per_mib", Samples.round(figures.cpuMillisPerMib()));
        line.put(label + "_p50_ms", Samples.round(figures.times().percentile(0.5)));
        line.put(label + "_p99_ms", Samples.round(figures.times().percentile(0.99)));
        own.ifPresent(ours -> line.put(
                "declaw_scan_off_to_" + label + "_cpu", Samples.round(ours.cpuMicros() / figures.cpuMicros())));
    }

    private static Samples load(Loopback loopback, int last, int seconds) throws IOException, InterruptedException {
        List<Samples> all = new ArrayList<>();
        CountDownLatch done = new CountDownLatch(CONNECTIONS);
        AtomicReference<IOException> failure = new AtomicReference<>();
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        for (int i = 0; i < CONNECTIONS; i++) {
            Samples samples = new Samples();
            all.add(samples);
            SSLSocket socket = loopback.connect(last);
            Thread.ofVirtual().start(() -> {
                try (socket) {
                    converse(socket, samples, end);
                } catch (IOException e) {
                    failure.set(e);
                } finally {
                    done.countDown();
                }
            });
        }
        done.await();
        if (failure.get() != null) throw failure.get();
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

    /// Answers of this bench end with their JSON body, or with the chunk behind it.
    private static void readAnswer(InputStream in, byte[] buffer) throws IOException {
        int length = 0;
        while (true) {
            int n = in.read(buffer, length, buffer.length - length);
            if (n < 0) throw new IOException("the peer closed: " + new String(buffer, 0, length, StandardCharsets.ISO_8859_1));
            length += n;
            boolean body = buffer[length - 1] == '}';
            boolean chunk = length > 5 && buffer[length - 5] == '0' && buffer[length - 1] == '\n';
            if (body || chunk) {
                String answer = new String(buffer, 0, length, StandardCharsets.ISO_8859_1);
                if (!answer.startsWith("HTTP/1.1 200")) throw new IOException("not answered: " + answer);
                if (body == !answer.contains("chunked")) return;
            }
        }
    }

    private static void large(Loopback loopback, int last, int mebibytes) throws IOException {
        try (SSLSocket socket = loopback.connect(last)) {
            socket.getOutputStream().write(("GET /large/" + mebibytes + " HTTP/1.1\r\nHost: api.example.test\r\nConnection: close\r\n\r\n")
                    .getBytes(StandardCharsets.ISO_8859_1));
            byte[] buffer = new byte[256 * 1024];
            long read = 0;
            for (int n = socket.getInputStream().read(buffer); n >= 0 && read < (long) mebibytes << 20; n = socket.getInputStream().read(buffer)) {
                read += n;
            }
            if (read < (long) mebibytes << 20) throw new IOException("only " + read + " bytes of a large answer came");
        }
    }

    /// utime + stime of a process (proc(5)), at 100 ticks a second.
    private static double cpuSeconds(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / 100.0;
    }
}
