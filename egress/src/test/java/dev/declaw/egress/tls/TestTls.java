package dev.declaw.egress.tls;

import dev.declaw.model.network.HostName;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// An authority for test origins, and JDK TLS contexts on both ends, so that the proxy is tested against another stack.
public final class TestTls {
    private final CertificateAuthority authority;

    public TestTls(InstantSource clock) {
        authority = CertificateAuthority.create("origins", clock);
    }

    public Path writeRoot(Path folder) throws IOException {
        return Files.writeString(folder.resolve("origin-ca.pem"), authority.certificatePem());
    }

    /// A server context for an origin with this name.
    public SSLContext serverFor(String host) {
        return server(authority.mint(new HostName(host)));
    }

    public SSLContext serverFor(InetAddress address) {
        return server(authority.mint(address));
    }

    private SSLContext server(X509Certificate leaf) {
        try {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(null, null);
            keys.setKeyEntry("origin", authority.leafKey(), new char[0], new X509Certificate[] {leaf});
            KeyManagerFactory factory = KeyManagerFactory.getInstance("PKIX");
            factory.init(keys, new char[0]);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(factory.getKeyManagers(), null, null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /// A client context that trusts only this root.
    public static SSLContext clientTrusting(X509Certificate root) {
        try {
            KeyStore roots = KeyStore.getInstance("PKCS12");
            roots.load(null, null);
            roots.setCertificateEntry("root", root);
            TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(roots);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, factory.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /// The root of the test origins.
    public X509Certificate root() {
        return authority.certificate();
    }
}
