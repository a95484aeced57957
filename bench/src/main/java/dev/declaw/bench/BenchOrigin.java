package dev.declaw.bench;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;

/// An origin that costs little: it answers each request with a few bytes of JSON, `/large` with as many MiB as the path
/// says, and `/events` with a stream of two events. One virtual thread a connection; nothing is recorded.
final class BenchOrigin implements AutoCloseable {
    private static final byte[] ANSWER =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"ok\":true}".getBytes(StandardCharsets.ISO_8859_1);

    private static final int EVENT_PAUSE_MILLIS = 5;

    private final ServerSocket listener;
    private final AtomicLong requests = new AtomicLong();

    BenchOrigin(ServerSocket listener) {
        this.listener = listener;
        Thread.ofVirtual().name("bench-origin").start(this::accept);
    }

    long requests() {
        return requests.get();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                Thread.ofVirtual().start(() -> serve(socket));
            } catch (IOException e) {
                if (listener.isClosed()) return;
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(socket.getInputStream(), 16 * 1024);
            OutputStream out = socket.getOutputStream();
            for (String head = head(in); head != null; head = head(in)) {
                in.skipNBytes(length(head));
                requests.incrementAndGet();
                if (head.startsWith("GET /large/")) {
                    large(out, Integer.parseInt(head.substring(11, head.indexOf(' ', 11))));
                } else if (head.startsWith("GET /events ")) {
                    events(out);
                } else {
                    out.write(ANSWER);
                }
                out.flush();
            }
        } catch (IOException e) {
            // the proxy cut the connection; the bench counts answers
        }
    }

    /// One event, a pause, and another.
    private static void events(OutputStream out) throws IOException {
        out.write(("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                + chunk("data: {\"delta\":\"first\"}\n\n")).getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
        try {
            Thread.sleep(EVENT_PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
        out.write((chunk("data: [DONE]\n\n") + "0\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
    }

    private static String chunk(String text) {
        return Integer.toHexString(text.length()) + "\r\n" + text + "\r\n";
    }

    private static void large(OutputStream out, int mebibytes) throws IOException {
        byte[] piece = new byte[64 * 1024];
        long bytes = (long) mebibytes << 20;
        out.write(("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: " + bytes + "\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1));
        for (long sent = 0; sent < bytes; sent += piece.length) out.write(piece);
    }

    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder(256);
        for (int b = in.read(); b >= 0; b = in.read()) {
            head.append((char) b);
            int size = head.length();
            if (b == '\n' && size >= 4 && head.charAt(size - 3) == '\n') return head.toString();
        }
        return null;
    }

    private static int length(String head) {
        int at = head.toLowerCase(java.util.Locale.ROOT).indexOf("content-length: ");
        return at < 0 ? 0 : Integer.parseInt(head.substring(at + 16, head.indexOf('\r', at)).strip());
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
