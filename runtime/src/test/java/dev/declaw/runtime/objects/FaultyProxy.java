package dev.declaw.runtime.objects;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/// Stands between a client and a server and breaks what passes.
public final class FaultyProxy implements AutoCloseable {
    /// What happens to the connections.
    public enum Fault {
        NONE,
        /// Requests are read and never answered.
        SILENCE,
        /// Requests are answered with 500.
        STATUS_500,
        /// The connection ends when some of the request's body has passed.
        CUT_UPLOAD,
        /// The connection ends when some of the answer's body has passed.
        CUT_DOWNLOAD,
        /// A byte of the request's body is changed on its way.
        CHANGED_UPLOAD
    }

    private static final int CUT_AFTER_BYTES = 20_000;

    private final ServerSocket listener;
    private final int server;
    private volatile Fault fault = Fault.NONE;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger left = new AtomicInteger();

    /// How many connections were broken.
    public final AtomicInteger broken = new AtomicInteger();

    public FaultyProxy(int server) throws IOException {
        this.server = server;
        listener = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    public int port() {
        return listener.getLocalPort();
    }

    /// Ends what is open, so that no connection from before is used again.
    ///
    /// @param connections that it befalls; the ones after them pass
    public void set(Fault next, int connections) throws IOException {
        left.set(connections);
        fault = next;
        for (Socket client : open) {
            client.close();
        }
        open.clear();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                open.add(client);
                Fault now = fault != Fault.NONE && left.getAndDecrement() > 0 ? fault : Fault.NONE;
                if (now != Fault.NONE) {
                    broken.incrementAndGet();
                }
                Thread.ofVirtual().start(() -> serve(client, now));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void serve(Socket client, Fault now) {
        try (client) {
            switch (now) {
                case SILENCE -> client.getInputStream().transferTo(OutputStream.nullOutputStream());
                case STATUS_500 -> refuse(client);
                default -> {
                    try (Socket upstream = new Socket(InetAddress.getLoopbackAddress(), server)) {
                        Thread answer = Thread.ofVirtual().start(() -> pass(upstream, client, now == Fault.CUT_DOWNLOAD, false));
                        pass(client, upstream, now == Fault.CUT_UPLOAD, now == Fault.CHANGED_UPLOAD);
                        answer.join();
                    }
                }
            }
        } catch (IOException ended) {
            // the client went away
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void refuse(Socket client) throws IOException {
        client.setSoTimeout(300);
        try {
            client.getInputStream().transferTo(OutputStream.nullOutputStream());
        } catch (java.net.SocketTimeoutException allRead) {
            // the request is here
        }
        client.getOutputStream()
                .write("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                        .getBytes(StandardCharsets.US_ASCII));
    }

    /// Copies until one side ends; ends both then.
    private static void pass(Socket from, Socket to, boolean cut, boolean change) {
        byte[] buffer = new byte[8192];
        long passed = 0;
        try (from;
                to) {
            InputStream in = from.getInputStream();
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                if (cut && passed + length > CUT_AFTER_BYTES) {
                    return;
                }
                if (change && passed > CUT_AFTER_BYTES) {
                    buffer[0] ^= 1;
                    change = false;
                }
                to.getOutputStream().write(buffer, 0, length);
                passed += length;
            }
        } catch (IOException ended) {
            // the other side went away
        }
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
