package dev.declaw.runtime.guest;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/// A server on the loopback interface that plays a guest's agent, or what a hostile guest put in its place: it answers
/// each request with the next of the given byte strings, whatever was asked.
final class FakeAgent implements AutoCloseable {
    private final ServerSocket server;
    private final Queue<Reply> replies;
    private final Queue<String> requests = new ConcurrentLinkedQueue<>();

    /// @param bytes what is sent; null closes the connection without an answer
    /// @param pieces how many bytes are sent at a time
    /// @param closes whether the connection is closed afterwards
    /// @param pauseMillis between the pieces: a slow sender is what is played, not waited for
    record Reply(byte[] bytes, int pieces, boolean closes, int pauseMillis) {
        static Reply of(String text) {
            return new Reply(text.getBytes(StandardCharsets.ISO_8859_1), Integer.MAX_VALUE, false, 0);
        }

        static Reply last(String text) {
            return new Reply(text.getBytes(StandardCharsets.ISO_8859_1), Integer.MAX_VALUE, true, 0);
        }
    }

    FakeAgent(List<Reply> replies) throws IOException {
        this.replies = new ConcurrentLinkedQueue<>(replies);
        this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    static String json(int status, String body) {
        return "HTTP/1.1 " + status + " Word\r\nContent-Type: application/json\r\nContent-Length: "
                + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + body;
    }

    HttpGuestClient client() {
        return new HttpGuestClient(
                SocketChannel::open, new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort()));
    }

    /// Heads and bodies (but not those of uploads to /full, which are answered without being read) of the requests so far.
    List<String> requests() {
        return List.copyOf(requests);
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = server.accept();
                Thread.ofVirtual().start(() -> serve(socket));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            while (true) {
                String request = request(socket.getInputStream());
                if (request.isEmpty()) {
                    return;
                }
                requests.add(request);
                Reply reply = replies.poll();
                if (reply == null || reply.bytes() == null) {
                    return;
                }
                for (int from = 0; from < reply.bytes().length; from += reply.pieces()) {
                    int length = Math.min(reply.pieces(), reply.bytes().length - from);
                    socket.getOutputStream().write(reply.bytes(), from, length);
                    if (reply.pauseMillis() > 0) {
                        Thread.sleep(reply.pauseMillis());
                    }
                }
                if (reply.closes()) {
                    return;
                }
            }
        } catch (IOException | InterruptedException gone) {
            // The client went away.
        }
    }

    private static String request(InputStream in) throws IOException {
        StringBuilder text = new StringBuilder();
        while (!endsWith(text, "\r\n\r\n")) {
            int octet = in.read();
            if (octet < 0) {
                return "";
            }
            text.append((char) octet);
        }
        int at = text.indexOf("Content-Length: ");
        if (at >= 0) {
            int length = Integer.parseInt(text.substring(at + 16, text.indexOf("\r\n", at)));
            text.append(new String(in.readNBytes(length), StandardCharsets.UTF_8));
        } else if (text.indexOf("path=%2Ffull") < 0) {
            while (!endsWith(text, "0\r\n\r\n")) {
                text.append((char) in.read());
            }
        }
        return text.toString();
    }

    private static boolean endsWith(StringBuilder text, String end) {
        return text.length() >= end.length() && text.substring(text.length() - end.length()).equals(end);
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
