package dev.declaw.egress.flow;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;

/// An origin on loopback that keeps every byte it gets and answers as its script says.
final class Origin implements AutoCloseable {
    /// Plays one connection. Reads and writes are recorded.
    interface Script {
        void play(Connection connection) throws IOException;
    }

    private final ServerSocket listener;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private final AtomicInteger connections = new AtomicInteger();

    Origin(SSLContext tls, Script script) throws IOException {
        this(tls, script, "http/1.1");
    }

    /// @param alpn what the origin speaks
    Origin(SSLContext tls, Script script, String alpn) throws IOException {
        this(tls, script, alpn, false);
    }

    private Origin(SSLContext tls, Script script, String alpn, boolean demandsCertificate) throws IOException {
        listener = tls == null ? new ServerSocket() : tls.getServerSocketFactory().createServerSocket();
        listener.bind(new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        if (listener instanceof SSLServerSocket secure) {
            SSLParameters parameters = secure.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {alpn});
            parameters.setNeedClientAuth(demandsCertificate);
            secure.setSSLParameters(parameters);
        }
        Thread.ofVirtual().start(() -> {
            while (!listener.isClosed()) {
                try {
                    Socket socket = listener.accept();
                    sockets.add(socket);
                    connections.incrementAndGet();
                    Thread.ofVirtual().start(() -> {
                        try (socket) {
                            script.play(new Connection(socket));
                        } catch (IOException e) {
                            // the proxy closed: the test looks at what was received
                        }
                    });
                } catch (IOException e) {
                    return;
                }
            }
        });
    }

    /// Answers every request with the same bytes.
    static Origin answering(SSLContext tls, String response) throws IOException {
        return new Origin(tls, connection -> {
            while (connection.readRequest() != null) connection.write(response);
        });
    }

    /// An origin that serves only clients with a certificate.
    static Origin demandingCertificate(SSLContext tls, String response) throws IOException {
        return new Origin(
                tls,
                connection -> {
                    while (connection.readRequest() != null) connection.write(response);
                },
                "http/1.1",
                true);
    }

    int port() {
        return listener.getLocalPort();
    }

    int connections() {
        return connections.get();
    }

    /// Everything that was received on all connections, as Latin-1.
    String received() {
        synchronized (received) {
            return received.toString(StandardCharsets.ISO_8859_1);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) socket.close();
    }

    final class Connection {
        private final Socket socket;
        private final InputStream in;
        private final OutputStream out;

        Connection(Socket socket) throws IOException {
            this.socket = socket;
            this.in = new BufferedInputStream(socket.getInputStream());
            this.out = socket.getOutputStream();
        }

        int read() throws IOException {
            int b = in.read();
            if (b >= 0) {
                synchronized (received) {
                    received.write(b);
                }
            }
            return b;
        }

        /// Reads one canonical request with its body; null at the end of the connection.
        String readRequest() throws IOException {
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                int b = read();
                if (b < 0) return null;
                head.append((char) b);
            }
            String text = head.toString();
            int length = text.indexOf("Content-Length: ");
            if (length >= 0) {
                int bytes = Integer.parseInt(text.substring(length + 16, text.indexOf('\r', length)));
                for (int i = 0; i < bytes; i++) head.append((char) read());
            } else if (text.contains("Transfer-Encoding: chunked")) {
                while (!head.toString().endsWith("0\r\n\r\n")) head.append((char) read());
            }
            return head.toString();
        }

        void write(String text) throws IOException {
            out.write(text.getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
        }

        /// The rest of the connection as a WebSocket's server end; what it reads is not recorded.
        WebSocketPeer webSocket() {
            return new WebSocketPeer(in, out, false);
        }

        /// The connection as an HTTP/2 server's end; what it reads is not recorded.
        Http2Peer http2() throws IOException {
            return new Http2Peer(in, out, false);
        }

        void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }

        Socket socket() {
            return socket;
        }
    }
}
