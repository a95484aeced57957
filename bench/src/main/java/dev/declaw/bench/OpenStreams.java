package dev.declaw.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.e2e.world.Loopback;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLSocket;

/// What stays open: how late the events of a stream arrive, and what a connection costs that does nothing.
final class OpenStreams {
    private static final int EVENTS = 300;
    private static final int CONNECTIONS = 500; // the limit of one sandbox is 512
    private static final int SETTLE_MILLIS = 2_000;

    private OpenStreams() {}

    /// Time from a request until the first event of its answer is there.
    static Samples firstEvents(Loopback loopback, int last) throws IOException {
        Samples samples = new Samples();
        try (SSLSocket socket = loopback.connect(last)) {
            byte[] request = "GET /events HTTP/1.1\r\nHost: api.example.test\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);
            byte[] buffer = new byte[4096];
            for (int i = 0; i < EVENTS; i++) {
                long start = System.nanoTime();
                socket.getOutputStream().write(request);
                await(socket.getInputStream(), buffer, "first");
                samples.add(System.nanoTime() - start);
                await(socket.getInputStream(), buffer, "0\r\n\r\n");
            }
        }
        return samples;
    }

    private static void await(InputStream in, byte[] buffer, String wanted) throws IOException {
        StringBuilder seen = new StringBuilder();
        while (seen.indexOf(wanted) < 0) {
            int n = in.read(buffer);
            if (n < 0) throw new IOException("the peer closed: " + seen);
            seen.append(new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
        }
    }

    /// Intercepted connections that have served one request and stay open.
    static void hold(ObjectNode line, Loopback loopback, int last) throws IOException, InterruptedException {
        long pid = loopback.proxy().pid();
        List<SSLSocket> open = new ArrayList<>();
        try {
            one(loopback, last, open);
            Thread.sleep(SETTLE_MILLIS);
            long before = residentKib(pid);
            while (open.size() < CONNECTIONS) one(loopback, last, open);
            Thread.sleep(SETTLE_MILLIS);
            long after = residentKib(pid);
            line.put("declaw_open_connections", CONNECTIONS);
            line.put("declaw_resident_mib", after / 1024);
            line.put("declaw_kib_per_open_connection", Samples.round((after - before) / (double) (CONNECTIONS - 1)));
        } finally {
            for (SSLSocket socket : open) socket.close();
        }
    }

    private static void one(Loopback loopback, int last, List<SSLSocket> open) throws IOException {
        SSLSocket socket = loopback.connect(last);
        open.add(socket);
        socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: api.example.test\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
        await(socket.getInputStream(), new byte[4096], "}");
    }

    /// VmRSS of a process (proc(5)).
    private static long residentKib(long pid) throws IOException {
        for (String text : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
            if (text.startsWith("VmRSS:")) return Long.parseLong(text.replaceAll("[^0-9]", ""));
        }
        throw new IOException("no such process: " + pid);
    }
}
