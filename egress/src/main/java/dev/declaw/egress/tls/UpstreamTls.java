package dev.declaw.egress.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/// TLS towards origins: the system's roots and the operator's, the name checked against the certificate's SAN only, TLS 1.2
/// and up, ALPN as the request needs it. There is no way to switch verification off. Thread-safe.
public final class UpstreamTls {
    private static final Path SYSTEM_ROOTS = Path.of("/etc/ssl/certs/ca-certificates.crt");

    /// TLS 1.2 suites as browsers order them: an unusual hello is what large CDNs
    /// take for a bot. The suites of TLS 1.3 are BoringSSL's own, which are Chrome's.
    private static final List<String> SUITES = List.of(
            "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
            "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
            "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
            "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA", "AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA", "AES256-SHA");

    private static final String[] GROUPS = {"X25519", "P-256", "P-384"};

    private final SslContext http1;
    private final SslContext http2;

    /// @param extraRoots PEM files trusted besides the system's roots
    /// @throws IllegalArgumentException when a file cannot be read as certificates
    public UpstreamTls(List<Path> extraRoots) {
        try {
            KeyStore roots = KeyStore.getInstance(KeyStore.getDefaultType());
            roots.load(null, null);
            for (Certificate root : systemRoots()) roots.setCertificateEntry("r" + roots.size(), root);
            for (Path file : extraRoots) {
                for (Certificate root : readPem(file)) roots.setCertificateEntry("r" + roots.size(), root);
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(roots);
            TrustManager trust = new SanRequired(extended(factory.getTrustManagers()));
            http1 = context(trust, Alpn.HTTP_1_1);
            http2 = context(trust, Alpn.HTTP_2_OR_1_1);
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalArgumentException("cannot load the trusted roots: " + e.getMessage(), e);
        }
    }

    private static SslContext context(TrustManager trust, ApplicationProtocolConfig alpn) throws IOException {
        return SslContextBuilder.forClient()
                .sslProvider(SslProvider.OPENSSL)
                .protocols("TLSv1.3", "TLSv1.2")
                .ciphers(SUITES)
                .option(OpenSslContextOption.GROUPS, GROUPS)
                .trustManager(trust)
                .applicationProtocolConfig(alpn)
                .build();
    }

    /// A handler for one connection. SNI is sent when the peer has a name.
    ///
    /// @param peer canonical host name or IP literal that the certificate must be valid for
    /// @param offerHttp2 whether the origin may choose HTTP/2
    public SslHandler newHandler(
            ByteBufAllocator allocator, String peer, int port, int handshakeMillisMax, boolean offerHttp2) {
        SslHandler handler = (offerHttp2 ? http2 : http1).newHandler(allocator, peer, port);
        SSLParameters parameters = handler.engine().getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        handler.engine().setSSLParameters(parameters);
        handler.setHandshakeTimeout(handshakeMillisMax, TimeUnit.MILLISECONDS);
        return handler;
    }

    private static Collection<? extends Certificate> systemRoots() throws GeneralSecurityException, IOException {
        if (Files.isReadable(SYSTEM_ROOTS)) return readPem(SYSTEM_ROOTS);
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init((KeyStore) null);
        return List.of(extended(factory.getTrustManagers()).getAcceptedIssuers());
    }

    private static Collection<? extends Certificate> readPem(Path file) throws GeneralSecurityException, IOException {
        try (InputStream in = Files.newInputStream(file)) {
            Collection<? extends Certificate> read =
                    CertificateFactory.getInstance("X.509").generateCertificates(in);
            if (read.isEmpty()) throw new CertificateException("no certificate in " + file);
            return new ArrayList<>(read);
        }
    }

    private static X509ExtendedTrustManager extended(TrustManager[] managers) {
        for (TrustManager manager : managers) {
            if (manager instanceof X509ExtendedTrustManager found) return found;
        }
        throw new IllegalStateException("the JDK's PKIX trust manager is an extended one");
    }

    /// The JDK falls back to the common name of a certificate without SAN (RFC 6125 §6.4.4); RFC 9110 §4.3.4 forbids that.
    private static final class SanRequired extends X509ExtendedTrustManager {
        private final X509ExtendedTrustManager inner;

        SanRequired(X509ExtendedTrustManager inner) {
            this.inner = inner;
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            inner.checkServerTrusted(chain, type, engine);
            Collection<List<?>> names = chain[0].getSubjectAlternativeNames();
            if (names == null || names.isEmpty()) throw new CertificateException("the certificate has no SAN");
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            throw new CertificateException("only engines are verified");
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
            throw new CertificateException("a certificate without its peer's name cannot be verified");
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            throw new CertificateException("no client is verified here");
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            throw new CertificateException("no client is verified here");
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
            throw new CertificateException("no client is verified here");
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return inner.getAcceptedIssuers();
        }
    }
}
