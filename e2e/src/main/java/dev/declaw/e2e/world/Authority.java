package dev.declaw.e2e.world;

import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Date;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// The certificate authority of a [World]: origins get their certificates from it, and the proxy is told to trust it.
public final class Authority {
    private final KeyPair key;
    private final X509Certificate certificate;

    Authority(String commonName) {
        try {
            key = newKey();
            certificate = issue(new X500Name("CN=" + commonName), key, null, Instant.now(), true);
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new IllegalStateException("cannot make the world's certificate authority", e);
        }
    }

    /// A server context with a certificate for the names, valid from an hour ago until `notAfter`.
    public SSLContext contextFor(Instant notAfter, String... names) {
        try {
            KeyPair leafKey = newKey();
            X509Certificate leaf = issue(new X500Name("CN=" + names[0]), leafKey, names, notAfter, false);
            return context(leafKey.getPrivate(), leaf, certificate);
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new IllegalStateException("cannot issue a certificate", e);
        }
    }

    public SSLContext contextFor(String... names) {
        return contextFor(Instant.now().plus(1, ChronoUnit.DAYS), names);
    }

    public void writePem(Path file) {
        write(file, certificate);
    }

    /// The private key in PKCS #8, which every program reads, for a proxy that is given a CA of its own.
    public void writeKeyPem(Path file) {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getPrivate().getEncoded());
        try {
            Files.writeString(file, "-----BEGIN PRIVATE KEY-----\n" + base64 + "\n-----END PRIVATE KEY-----\n");
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void write(Path file, Object object) {
        try (StringWriter text = new StringWriter();
                JcaPEMWriter pem = new JcaPEMWriter(text)) {
            pem.writeObject(object);
            pem.flush();
            Files.writeString(file, text.toString());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static SSLContext context(PrivateKey key, X509Certificate... chain)
            throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("origin", key, new char[0], chain);
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, new char[0]);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }

    private X509Certificate issue(X500Name subject, KeyPair subjectKey, String[] names, Instant notAfter, boolean authority)
            throws GeneralSecurityException, OperatorCreationException, IOException {
        X500Name issuer = certificate == null ? subject : new X500Name(certificate.getSubjectX500Principal().getName());
        Instant end = authority ? notAfter.plus(2, ChronoUnit.DAYS) : notAfter;
        var builder = new JcaX509v3CertificateBuilder(
                issuer,
                new BigInteger(120, new SecureRandom()),
                Date.from(Instant.now().minus(2, ChronoUnit.DAYS)),
                Date.from(end),
                subject,
                subjectKey.getPublic());
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
        if (names != null) {
            GeneralName[] general = new GeneralName[names.length];
            for (int i = 0; i < names.length; i++) general[i] = new GeneralName(GeneralName.dNSName, names[i]);
            builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(general));
        }
        return new JcaX509CertificateConverter()
                .getCertificate(
                        builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate())));
    }

    private static KeyPair newKey() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }
}
