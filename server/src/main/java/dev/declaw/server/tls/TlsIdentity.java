package dev.declaw.server.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;

/// A certificate chain with its private key, read from PEM files.
public final class TlsIdentity {
    private static final int FILE_BYTES_MAX = 256 * 1024;
    private static final char[] NO_PASSWORD = new char[0];
    private static final String KEY_BEGIN = "-----BEGIN PRIVATE KEY-----";
    private static final String KEY_END = "-----END PRIVATE KEY-----";

    private final List<X509Certificate> chain;
    private final PrivateKey key;

    private TlsIdentity(List<X509Certificate> chain, PrivateKey key) {
        this.chain = chain;
        this.key = key;
    }

    /// @param certificate the server's certificate first, then those that lead to a root
    /// @param key PKCS #8, not encrypted
    /// @throws IOException when a file cannot be used, saying why
    public static TlsIdentity read(Path certificate, Path key) throws IOException {
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            Collection<? extends Certificate> read =
                    factory.generateCertificates(new ByteArrayInputStream(bytes(certificate)));
            if (read.isEmpty()) throw new IOException(certificate + " holds no certificate");
            List<X509Certificate> chain = read.stream().map(X509Certificate.class::cast).toList();
            PrivateKey parsed = key(key);
            TlsIdentity identity = new TlsIdentity(chain, parsed);
            identity.keyStore(); // the two must belong together
            return identity;
        } catch (GeneralSecurityException e) {
            throw new IOException(certificate + " and " + key + " cannot be used as certificate and key: " + e.getMessage(), e);
        }
    }

    private static byte[] bytes(Path file) throws IOException {
        if (Files.size(file) > FILE_BYTES_MAX) throw new IOException(file + " is larger than " + FILE_BYTES_MAX + " bytes");
        return Files.readAllBytes(file);
    }

    private static PrivateKey key(Path file) throws IOException, GeneralSecurityException {
        String text = new String(bytes(file), StandardCharsets.US_ASCII);
        int begin = text.indexOf(KEY_BEGIN);
        int end = text.indexOf(KEY_END);
        if (begin < 0 || end < begin) {
            throw new IOException(file + " holds no PKCS #8 key (BEGIN PRIVATE KEY); openssl pkcs8 -topk8 -nocrypt makes one");
        }
        byte[] encoded = Base64.getMimeDecoder().decode(text.substring(begin + KEY_BEGIN.length(), end));
        for (String algorithm : List.of("EC", "RSA", "EdDSA")) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
            } catch (InvalidKeySpecException _) {
                // a key of another kind
            }
        }
        throw new IOException(file + " holds a key of a kind that is not known");
    }

    /// A key store in memory; its entries have an empty password.
    public KeyStore keyStore() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, NO_PASSWORD);
        store.setKeyEntry("server", key, NO_PASSWORD, chain.toArray(Certificate[]::new));
        return store;
    }

    public X509Certificate certificate() {
        return chain.getFirst();
    }
}
