package dev.declaw.server.fake;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// A server that stands for one inside a sandbox: keeps what it was asked and lets a script talk on each connection.
public final class GuestOrigin implements AutoCloseable {
    private final ServerSocket server;
    private final Script script;
    private final LinkedBlockingQueue<String> heads = new LinkedBlockingQueue<>();

    /// What happens after the head of a request was read.
    public interface Script {
        void talk(String head, Socket socket) throws IOException;
    }

    public GuestOrigin(Script script) throws IOException {
        this.script = script;
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    /// Answers everything with these bytes.
    public static GuestOrigin answering(String text) throws IOException {
        return new GuestOrigin((head, socket) -> socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1)));
    }

    public int port() {
        return server.getLocalPort();
    }

    /// Head of the next request, lines joined by LF.
    public String head() throws InterruptedException {
        String head = heads.poll(20, TimeUnit.SECONDS);
        if (head == null) throw new IllegalStateException("nothing was asked within 20 s");
        return head;
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = server.accept();
                Thread.ofVirtual().start(() -> serve(socket));
            }
        } catch (IOException closed) {
            // the test is over
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            String head = readHead(socket.getInputStream());
            heads.add(head);
            script.talk(head, socket);
        } catch (IOException e) {
            // the proxy went away, which is some tests' point
        }
    }

    public static String readHead(InputStream in) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        String text = "";
        while (!text.endsWith("\r\n\r\n")) {
            int octet = in.read();
            if (octet < 0) throw new IOException("no whole head: " + text);
            bytes.write(octet);
            text = bytes.toString(StandardCharsets.ISO_8859_1);
        }
        return text.replace("\r\n", "\n");
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
