package dev.declaw.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.e2e.platform.Api;
import dev.declaw.e2e.world.Checkout;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/// Event streams that are open and creates in flight at the same time, against a server process whose microVMs are in memory: what the
/// server itself bears. Each stream must get events all the time and its exit at the end, each create a 201.
final class StreamsBench {
    private static final int STREAMS_PER_SANDBOX = 200;
    private static final int BOOT_MILLIS = 200;
    private static final int BOOTS_AT_ONCE = 4; // the product's default
    private static final int WAIT_SECONDS_MAX = 120;
    private static final int COMMANDS = 1000;
    private static final int COMMANDS_WARM_UP = 1000;
    private static final String TERMINAL_EXIT = "event: exit";

    private StreamsBench() {}

    static void run(String[] arguments) {
        int streams = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1000;
        int creates = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 200;
        Path home = null;
        try {
            home = Files.createTempDirectory("declaw-streams-");
            System.out.println(measure(home, streams, creates));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            if (home != null) remove(home);
        }
    }

    /// One stream: counts what it gets, on a thread of its own.
    private static final class Listener {
        private final Socket socket;
        private final CountDownLatch opened = new CountDownLatch(1);
        private final CountDownLatch ended = new CountDownLatch(1);
        private volatile int lines;
        private volatile boolean exited;

        Listener(int port, String key, String path) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout(WAIT_SECONDS_MAX * 1000);
            String request = "GET " + path + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + key + "\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            Thread.ofVirtual().start(this::listen);
        }

        private void listen() {
            try (InputStream in = socket.getInputStream()) {
                StringBuilder line = new StringBuilder();
                for (int octet = in.read(); octet >= 0; octet = in.read()) {
                    if (octet != '\n') {
                        line.append((char) octet);
                        continue;
                    }
                    if (line.indexOf("event: data") == 0) opened.countDown();
                    if (line.indexOf(TERMINAL_EXIT) == 0) exited = true;
                    lines++;
                    line.setLength(0);
                    if (exited && lines > 0 && in.available() == 0) break;
                }
            } catch (IOException e) {
                // counted as one that did not end well
            } finally {
                ended.countDown();
            }
        }
    }

    private static ObjectNode measure(Path home, int streams, int creates) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command(home)).redirectError(home.resolve("server.log").toFile()).start();
        List<Listener> listeners = new ArrayList<>();
        try (BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String ready = out.readLine();
            if (ready == null || !ready.startsWith("ready ")) throw new IllegalStateException("the server did not get ready: " + ready);
            int port = Integer.parseInt(ready.split(" ")[1]);
            String key = ready.split(" ")[2];
            Api api = new Api("http://127.0.0.1:" + port, key);
            ObjectNode line = Api.JSON.createObjectNode().put("bench", "streams").put("streams", streams).put("creates_in_flight", creates);
            line.put("rss_mib_before", memory(process.pid(), "VmRSS"));
            commands(api).describe(line, "command"); // the guest answers at once: all of it is the server's, and this client's
            List<String> terminals = terminals(api, streams);
            Samples open = new Samples();
            for (int i = 0; i < streams; i++) {
                long start = System.nanoTime();
                Listener listener = new Listener(port, key, terminals.get(i / STREAMS_PER_SANDBOX) + "/stream");
                if (!listener.opened.await(WAIT_SECONDS_MAX, TimeUnit.SECONDS)) throw new IllegalStateException("a stream does not open");
                open.add(System.nanoTime() - start);
                listeners.add(listener);
            }
            line.put("rss_mib_streams", memory(process.pid(), "VmRSS"));
            List<Integer> before = listeners.stream().map(listener -> listener.lines).toList();
            Samples create = new Samples();
            int failedCreates = create(api, creates, create);
            int silent = 0;
            for (int i = 0; i < streams; i++) silent += listeners.get(i).lines <= before.get(i) ? 1 : 0;
            line.put("rss_mib_end", memory(process.pid(), "VmRSS")).put("rss_mib_peak", memory(process.pid(), "VmHWM"));
            for (String terminal : terminals) api.delete(terminal);
            int broken = 0;
            for (Listener listener : listeners) {
                boolean ended = listener.ended.await(WAIT_SECONDS_MAX, TimeUnit.SECONDS);
                if (!ended || !listener.exited) broken++;
            }
            line.put("errors", failedCreates + broken + silent)
                    .put("failed_creates", failedCreates)
                    .put("broken_streams", broken)
                    .put("silent_streams", silent);
            open.describe(line, "stream_open");
            create.describe(line, "create");
            return line.put("boot_millis", BOOT_MILLIS).put("boots_at_once", BOOTS_AT_ONCE);
        } finally {
            for (Listener listener : listeners) listener.socket.close();
            process.destroy();
            process.waitFor(WAIT_SECONDS_MAX, TimeUnit.SECONDS);
        }
    }

    private static List<String> command(Path home) {
        Path dist = Checkout.launcher().getParent().resolve("server/target/dist");
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + "/bin/java", "@" + dist.resolve("java.args"), "-Xmx512m", "-cp",
                Checkout.launcher().getParent().resolve("server/target/test-classes") + ":" + dist.resolve("lib") + "/*",
                "dev.declaw.server.fake.TestServerProcess", home.toString()));
        command.add(Integer.toString(BOOT_MILLIS));
        command.add(Integer.toString(BOOTS_AT_ONCE));
        return command;
    }

    private static Samples commands(Api api) {
        String id = api.create("{\"timeout\": 3600}").path("sandbox_id").textValue();
        Samples each = new Samples();
        for (int i = -COMMANDS_WARM_UP; i < COMMANDS; i++) {
            long start = System.nanoTime();
            api.run(id, "echo x");
            if (i >= 0) each.add(System.nanoTime() - start);
        }
        api.kill(id);
        return each;
    }

    private static List<String> terminals(Api api, int streams) {
        List<String> terminals = new ArrayList<>();
        for (int i = 0; i * STREAMS_PER_SANDBOX < streams; i++) {
            String sandbox = "/sandboxes/" + api.create("{\"timeout\": 3600}").path("sandbox_id").textValue();
            JsonNode terminal = api.post(sandbox + "/pty", "{\"timeout\": 0}").body();
            terminals.add(sandbox + "/pty/" + terminal.path("pid").intValue());
        }
        return terminals;
    }

    /// So many creates at once; how many failed.
    private static int create(Api api, int count, Samples each) throws InterruptedException {
        ConcurrentLinkedQueue<Long> times = new ConcurrentLinkedQueue<>();
        AtomicInteger failed = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            threads.add(Thread.ofVirtual().start(() -> {
                long start = System.nanoTime();
                if (api.post("/sandboxes", "{\"timeout\": 3600}").status() != 201) failed.incrementAndGet();
                times.add(System.nanoTime() - start);
            }));
        }
        for (Thread thread : threads) thread.join();
        times.forEach(each::add);
        return failed.get();
    }

    private static long memory(long pid, String field) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                .filter(line -> line.startsWith(field + ":"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024)
                .findFirst()
                .orElseThrow();
    }

    private static void remove(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
