package dev.declaw.e2e.world;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/// An HTTP/1.1 origin that records every request, whole or broken off, before it answers. One virtual thread a connection.
public final class Origin implements AutoCloseable {
    private static final int HEAD_BYTES_MAX = 256 * 1024;

    private final String name;
    private final ServerSocket listener;
    private final Function<Received, Received.Answer> answers;
    private final List<Received> received = new CopyOnWriteArrayList<>();
    private final ByteArrayOutputStream everything = new ByteArrayOutputStream();
    private final AtomicInteger connections = new AtomicInteger();

    Origin(String name, ServerSocket listener, Function<Received, Received.Answer> answers) {
        this.name = name;
        this.listener = listener;
        this.answers = answers;
        Thread.ofVirtual().name("origin-" + name).start(this::accept);
    }

    /// Requests so far, in order of their end.
    public List<Received> received() {
        return List.copyOf(received);
    }

    /// Accepted TCP connections so far.
    public int connections() {
        return connections.get();
    }

    /// Whether a text ever arrived here, in whatever place of whatever message (after TLS).
    public boolean everSaw(String text) {
        synchronized (everything) {
            return everything.toString(StandardCharsets.ISO_8859_1)
                    .contains(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));
        }
    }

    public void forget() {
        received.clear();
        synchronized (everything) {
            everything.reset();
        }
        connections.set(0);
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                connections.incrementAndGet();
                Thread.ofVirtual().start(() -> serve(socket));
            } catch (IOException e) {
                if (listener.isClosed()) return; // the only way out of the loop
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            socket.setSoTimeout(60_000);
            socket.setTcpNoDelay(true);
            InputStream in = recording(socket.getInputStream());
            OutputStream out = new BufferedOutputStream(socket.getOutputStream(), 64 * 1024);
            while (true) {
                String head = readHead(in);
                if (head.isEmpty()) return;
                Received request = readBody(head, in);
                received.add(request);
                if (!request.complete()) return;
                write(out, request, answers.apply(request));
            }
        } catch (IOException e) {
            // The proxy or the test cut the connection; what came is recorded.
        }
    }

    private InputStream recording(InputStream in) {
        return new java.io.FilterInputStream(in) {
            @Override
            public int read() throws IOException {
                int b = super.read();
                if (b >= 0) {
                    synchronized (everything) {
                        everything.write(b);
                    }
                }
                return b;
            }

            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
                int n = super.read(buffer, offset, length);
                if (n > 0) {
                    synchronized (everything) {
                        everything.write(buffer, offset, n);
                    }
                }
                return n;
            }
        };
    }

    private static String readHead(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int state = 0;
        while (state < 4 && head.size() < HEAD_BYTES_MAX) {
            int b = in.read();
            if (b < 0) break;
            head.write(b);
            state = b == (state % 2 == 0 ? '\r' : '\n') ? state + 1 : b == '\r' ? 1 : 0;
        }
        return head.toString(StandardCharsets.ISO_8859_1);
    }

    private Received readBody(String head, InputStream in) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        Received empty = new Received(name, head, new byte[0], head.endsWith("\r\n\r\n"));
        boolean complete = empty.complete();
        try {
            if (empty.header("Transfer-Encoding").orElse("").toLowerCase(Locale.ROOT).contains("chunked")) {
                while (true) {
                    int size = Integer.parseInt(readLine(in).split(";")[0].strip(), 16);
                    complete &= copy(in, body, size);
                    readLine(in);
                    if (size == 0 || !complete) break;
                }
            } else {
                complete &= copy(in, body, Long.parseLong(empty.header("Content-Length").orElse("0")));
            }
        } catch (IOException | NumberFormatException e) {
            complete = false;
        }
        return new Received(name, head, body.toByteArray(), complete);
    }

    private static boolean copy(InputStream in, OutputStream out, long bytes) throws IOException {
        byte[] buffer = new byte[64 * 1024];
        long left = bytes;
        while (left > 0) {
            int n = in.read(buffer, 0, (int) Math.min(left, buffer.length));
            if (n < 0) return false;
            out.write(buffer, 0, n);
            left -= n;
        }
        return true;
    }

    private static String readLine(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int b = in.read(); b >= 0 && b != '\n' && line.length() < 1024; b = in.read()) line.append((char) b);
        return line.toString().strip();
    }

    private static void write(OutputStream out, Received request, Received.Answer answer) throws IOException {
        StringBuilder head = new StringBuilder("HTTP/1.1 " + answer.status() + " Answer\r\n");
        answer.headers().forEach((key, value) -> head.append(key).append(": ").append(value).append("\r\n"));
        boolean headOnly = request.head().startsWith("HEAD ");
        head.append(answer.chunked() ? "Transfer-Encoding: chunked\r\n\r\n" : "Content-Length: " + answer.body().length + "\r\n\r\n");
        out.write(head.toString().getBytes(StandardCharsets.ISO_8859_1));
        if (!headOnly && answer.chunked()) {
            for (int at = 0; at < answer.body().length; at += 7) {
                int length = Math.min(7, answer.body().length - at);
                out.write((Integer.toHexString(length) + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
                out.write(answer.body(), at, length);
                out.write("\r\n".getBytes(StandardCharsets.ISO_8859_1));
                out.flush();
            }
            out.write("0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
        } else if (!headOnly) {
            out.write(answer.body());
        }
        out.flush();
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
