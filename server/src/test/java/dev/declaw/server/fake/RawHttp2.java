package dev.declaw.server.fake;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/// HTTP/2 frame by frame (RFC 9113), as a client that means no good would send them: no client of the JDK's module graph is at hand here,
/// and none would do this.
public final class RawHttp2 implements AutoCloseable {
    public static final int DATA = 0;
    public static final int HEADERS = 1;
    public static final int RST_STREAM = 3;
    public static final int SETTINGS = 4;
    public static final int GOAWAY = 7;
    public static final int CONTINUATION = 9;
    public static final int END_STREAM = 1;
    public static final int END_HEADERS = 4;

    private static final int ANSWER_MILLIS_MAX = 20_000;

    private final SSLSocket socket;
    private final OutputStream out;
    private final DataInputStream in;

    public record Frame(int type, int flags, int stream, byte[] payload) {
        /// The four bytes at an offset, as of an error code.
        public int number(int at) {
            return java.nio.ByteBuffer.wrap(payload).getInt(at);
        }
    }

    /// @param home where the server keeps its own certificate, which is trusted
    public RawHttp2(Path home, int port) throws IOException, GeneralSecurityException {
        socket = connect(home, port, "h2");
        out = socket.getOutputStream();
        in = new DataInputStream(socket.getInputStream());
        out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        send(SETTINGS, 0, 0, new byte[0]);
    }

    /// A connection with TLS that trusts the server's own certificate and checks its name, as clients do.
    public static SSLSocket connect(Path home, int port, String... protocols) throws IOException, GeneralSecurityException {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        try (var certificate = Files.newInputStream(home.resolve("tls-certificate.pem"))) {
            trusted.setCertificateEntry("server", CertificateFactory.getInstance("X.509").generateCertificate(certificate));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", port);
        socket.setSoTimeout(ANSWER_MILLIS_MAX);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        parameters.setApplicationProtocols(protocols);
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    public void send(int type, int flags, int stream, byte[] payload) throws IOException {
        byte[] frame = new byte[9 + payload.length];
        java.nio.ByteBuffer.wrap(frame)
                .put((byte) (payload.length >> 16)).putShort((short) payload.length).put((byte) type).put((byte) flags).putInt(stream)
                .put(payload);
        out.write(frame);
        out.flush();
    }

    /// A header block without compression (RFC 7541 §6.2.2).
    public static byte[] block(String... namesAndValues) {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            block.write(0);
            text(block, namesAndValues[i]);
            text(block, namesAndValues[i + 1]);
        }
        return block.toByteArray();
    }

    private static void text(ByteArrayOutputStream block, String text) {
        int length = text.length();
        if (length < 127) {
            block.write(length);
        } else {
            block.write(127);
            int left = length - 127;
            for (; left >= 128; left >>= 7) block.write(left & 127 | 128);
            block.write(left);
        }
        block.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    /// The next frame; null when the connection has ended.
    public Frame read() throws IOException {
        try {
            int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
            int type = in.readUnsignedByte();
            int flags = in.readUnsignedByte();
            int stream = in.readInt();
            return new Frame(type, flags, stream, in.readNBytes(length));
        } catch (java.io.EOFException | java.net.SocketException | javax.net.ssl.SSLException ended) {
            return null;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
