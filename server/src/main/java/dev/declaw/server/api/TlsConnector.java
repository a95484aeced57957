package dev.declaw.server.api;

import dev.declaw.server.tls.TlsIdentity;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/// The listener with TLS: HTTP/2 and HTTP/1.1, chosen by ALPN (RFC 7301). TLS 1.2 and 1.3.
final class TlsConnector {
    /// One client opens a thousand on a connection (wire-api 1.2).
    private static final int STREAMS_MAX = 1000;

    private TlsConnector() {}

    /// @throws IllegalStateException when the JDK cannot hold the certificate
    static ServerConnector of(Server server, InetSocketAddress listen, TlsIdentity identity, HttpConfiguration plain) {
        HttpConfiguration configuration = new HttpConfiguration(plain);
        configuration.addCustomizer(new SecureRequestCustomizer(false)); // names are the client's to check
        HTTP2ServerConnectionFactory http2 = new HTTP2ServerConnectionFactory(configuration);
        http2.setMaxConcurrentStreams(STREAMS_MAX);
        ALPNServerConnectionFactory alpn = new ALPNServerConnectionFactory();
        alpn.setDefaultProtocol(HttpVersion.HTTP_1_1.asString());
        SslConnectionFactory tls = new SslConnectionFactory(context(identity), alpn.getProtocol());
        ServerConnector connector =
                new ServerConnector(server, 1, 1, tls, alpn, http2, new HttpConnectionFactory(configuration));
        connector.setHost(listen.getHostString());
        connector.setPort(listen.getPort());
        return connector;
    }

    private static SslContextFactory.Server context(TlsIdentity identity) {
        SslContextFactory.Server context = new SslContextFactory.Server();
        try {
            context.setKeyStore(identity.keyStore());
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("the certificate was read and cannot be used", e);
        }
        context.setKeyStorePassword("");
        context.setKeyManagerPassword("");
        context.setIncludeProtocols("TLSv1.2", "TLSv1.3");
        context.setSniRequired(false);
        context.setRenegotiationAllowed(false);
        return context;
    }
}
