package dev.declaw.egress.tls;

import dev.declaw.model.network.HostName;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// An authority for test origins, and JDK TLS contexts on both ends, so that the proxy is tested against another stack.
public final class TestTls {
    private final KeyPair keys;
    private final X509Certificate root;

    public TestTls() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(256);
            keys = generator.generateKeyPair();
            X509v3CertificateBuilder builder = builder("CN=Test origins", keys);
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
            root = sign(builder);
        } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static X509v3CertificateBuilder builder(String subject, KeyPair keys) {
        return new JcaX509v3CertificateBuilder(
                new X500Name("CN=Test origins"),
                BigInteger.TWO,
                Date.from(Instant.now().minus(Duration.ofDays(300))),
                Date.from(Instant.now().plus(Duration.ofDays(300))),
                new X500Name(subject),
                keys.getPublic());
    }

    private X509Certificate sign(X509v3CertificateBuilder builder)
            throws GeneralSecurityException, OperatorCreationException {
        return new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate())));
    }

    private static String pem(Object item) throws IOException {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter pem = new JcaPEMWriter(text)) {
            pem.writeObject(item);
        }
        return text.toString();
    }

    /// The authority as it is read from files, with a clock of its own.
    CertificateAuthority authority(InstantSource clock) {
        try {
            return CertificateAuthority.load(pem(root), pem(keys.getPrivate()), clock);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    public X509Certificate root() {
        return root;
    }

    public Path writeRoot(Path folder) throws IOException {
        return Files.writeString(folder.resolve("origin-ca.pem"), pem(root));
    }

    /// A server context for an origin with this name.
    public SSLContext serverFor(String host) {
        CertificateAuthority authority = authority(InstantSource.system());
        return server(authority.mint(new HostName(host)), authority.leafKey());
    }

    public SSLContext serverFor(InetAddress address) {
        CertificateAuthority authority = authority(InstantSource.system());
        return server(authority.mint(address), authority.leafKey());
    }

    /// A server context whose certificate ended long ago.
    public SSLContext expiredFor(String host) {
        CertificateAuthority authority = authority(() -> Instant.now().minus(Duration.ofDays(100)));
        return server(authority.mint(new HostName(host)), authority.leafKey());
    }

    /// A server context whose certificate has the name in its subject only.
    public SSLContext withoutSanFor(String host) {
        try {
            return server(sign(builder("CN=" + host, keys)), keys.getPrivate());
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static SSLContext server(X509Certificate leaf, PrivateKey key) {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry("origin", key, new char[0], new X509Certificate[] {leaf});
            KeyManagerFactory factory = KeyManagerFactory.getInstance("PKIX");
            factory.init(store, new char[0]);
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
}
