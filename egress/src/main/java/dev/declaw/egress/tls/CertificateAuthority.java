package dev.declaw.egress.tls;

import dev.declaw.model.network.HostName;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigInteger;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// The authority whose certificate one sandbox trusts, so that its TLS can be opened. EC P-256; the private keys are in
/// this process's memory only and die with it. Thread-safe.
///
/// Validity: from a day ago, because a guest's clock may lag behind after a resume, to ten years ahead, because a paused
/// sandbox keeps the certificate it was given and may be woken years later. A long life costs nothing here: the
/// certificate is worthless once the key is forgotten. Leaves live for a week and are minted again before they end.
public final class CertificateAuthority {
    private static final Duration BACK_DATED = Duration.ofHours(24);
    private static final Duration AUTHORITY_LIFE = Duration.ofDays(3652);
    private static final Duration LEAF_LIFE = Duration.ofDays(7);
    private static final int SERIAL_BITS = 126;

    private final X509Certificate certificate;
    private final X500Name issuer;
    private final KeyPair leafKeys;
    private final SubjectPublicKeyInfo leafPublicKey;
    private final AuthorityKeyIdentifier authorityKeyId;
    private final SubjectKeyIdentifier leafKeyId;
    private final PrivateKey authorityKey;
    private final SecureRandom random = new SecureRandom();
    private final InstantSource clock;

    private CertificateAuthority(X509Certificate certificate, PrivateKey key, InstantSource clock) {
        try {
            this.certificate = certificate;
            this.authorityKey = key;
            this.clock = clock;
            this.issuer = X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
            this.leafKeys = newKeys();
            this.leafPublicKey = SubjectPublicKeyInfo.getInstance(leafKeys.getPublic().getEncoded());
            JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
            this.authorityKeyId = extensions.createAuthorityKeyIdentifier(certificate.getPublicKey());
            this.leafKeyId = extensions.createSubjectKeyIdentifier(leafKeys.getPublic());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has EC P-256", e);
        }
    }

    /// A new authority for one sandbox.
    public static CertificateAuthority create(String sandboxId, InstantSource clock) {
        try {
            KeyPair keys = newKeys();
            X500Name name = new X500Name("CN=Declaw sandbox CA " + sandboxId);
            Instant now = clock.instant();
            X509v3CertificateBuilder builder = new X509v3CertificateBuilder(
                    name,
                    new BigInteger(SERIAL_BITS, new SecureRandom()).add(BigInteger.ONE),
                    Date.from(now.minus(BACK_DATED)),
                    Date.from(now.plus(AUTHORITY_LIFE)),
                    name,
                    SubjectPublicKeyInfo.getInstance(keys.getPublic().getEncoded()));
            JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
            builder.addExtension(
                    Extension.subjectKeyIdentifier, false, extensions.createSubjectKeyIdentifier(keys.getPublic()));
            X509CertificateHolder holder = builder.build(signer(keys.getPrivate()));
            return new CertificateAuthority(
                    new JcaX509CertificateConverter().getCertificate(holder), keys.getPrivate(), clock);
        } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
            throw new IllegalStateException("cannot make a certificate authority", e);
        }
    }

    /// Reads an authority from PEM text, for the proxy that runs standalone.
    ///
    /// @throws IllegalArgumentException when the certificate may not sign certificates, the key is not EC, or the two
    ///     do not belong together
    public static CertificateAuthority load(String certificatePem, String keyPem, InstantSource clock) {
        try {
            X509Certificate certificate = readCertificate(certificatePem);
            PrivateKey key = readKey(keyPem, curveOf(certificate));
            boolean[] usage = certificate.getKeyUsage();
            if (certificate.getBasicConstraints() < 0 || usage != null && !usage[5]) {
                throw new IllegalArgumentException("the CA certificate may not sign certificates");
            }
            if (!(certificate.getPublicKey() instanceof ECPublicKey) || !belongTogether(certificate.getPublicKey(), key)) {
                throw new IllegalArgumentException("the CA key is not the EC key of the CA certificate");
            }
            return new CertificateAuthority(certificate, key, clock);
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalArgumentException("the CA files are not PEM with an X.509 certificate and an EC key", e);
        }
    }

    /// The certificate that clients must trust.
    public X509Certificate certificate() {
        return certificate;
    }

    /// The certificate that clients must trust, as PEM.
    public String certificatePem() {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter pem = new JcaPEMWriter(text)) {
            pem.writeObject(certificate);
        } catch (IOException e) {
            throw new IllegalStateException("writing to memory cannot fail", e);
        }
        return text.toString();
    }

    /// Mints a certificate for a name; its key is [#leafKey]. Policy must have been asked before.
    X509Certificate mint(HostName host) {
        return mint(new GeneralName(GeneralName.dNSName, host.value()));
    }

    /// Mints a certificate for a bare address (RFC 5280 §4.2.1.6, iPAddress).
    X509Certificate mint(InetAddress address) {
        return mint(new GeneralName(GeneralName.iPAddress, address.getHostAddress()));
    }

    /// One key serves all leaves of an authority: whoever could read it could read the authority's own.
    PrivateKey leafKey() {
        return leafKeys.getPrivate();
    }

    private X509Certificate mint(GeneralName subject) {
        try {
            Instant now = clock.instant();
            X509v3CertificateBuilder builder = new X509v3CertificateBuilder(
                    issuer,
                    new BigInteger(SERIAL_BITS, random).add(BigInteger.ONE),
                    Date.from(now.minus(BACK_DATED)),
                    Date.from(now.plus(LEAF_LIFE)),
                    // The name stands in the SAN only: a common name ends at 64 characters and nobody may match it.
                    new X500Name("O=Declaw egress"),
                    leafPublicKey);
            builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(subject));
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth));
            builder.addExtension(Extension.authorityKeyIdentifier, false, authorityKeyId);
            builder.addExtension(Extension.subjectKeyIdentifier, false, leafKeyId);
            return new JcaX509CertificateConverter().getCertificate(builder.build(signer(authorityKey)));
        } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
            throw new IllegalStateException("cannot mint a certificate", e);
        }
    }

    private static ContentSigner signer(PrivateKey key) throws OperatorCreationException {
        return new JcaContentSignerBuilder("SHA256withECDSA").build(key);
    }

    private static KeyPair newKeys() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    private static X509Certificate readCertificate(String pem) throws IOException, GeneralSecurityException {
        try (PEMParser parser = new PEMParser(new StringReader(pem))) {
            if (parser.readObject() instanceof X509CertificateHolder holder) {
                return new JcaX509CertificateConverter().getCertificate(holder);
            }
            throw new IOException("no certificate in the PEM file");
        }
    }

    private static AlgorithmIdentifier curveOf(X509Certificate certificate) {
        return SubjectPublicKeyInfo.getInstance(certificate.getPublicKey().getEncoded()).getAlgorithm();
    }

    /// `EC PRIVATE KEY` (SEC 1, whose curve may be left out), with or without an `EC PARAMETERS` block, or `PRIVATE KEY`
    /// (PKCS #8).
    private static PrivateKey readKey(String pem, AlgorithmIdentifier curve) throws IOException {
        JcaPEMKeyConverter converter = new JcaPEMKeyConverter();
        try (PEMParser parser = new PEMParser(new StringReader(pem))) {
            for (Object item = parser.readObject(); item != null; item = parser.readObject()) {
                if (item instanceof PEMKeyPair pair) {
                    PrivateKeyInfo info = pair.getPrivateKeyInfo();
                    return converter.getPrivateKey(new PrivateKeyInfo(curve, info.parsePrivateKey()));
                }
                if (item instanceof PrivateKeyInfo info) return converter.getPrivateKey(info);
            }
            throw new IOException("no private key in the PEM file");
        }
    }

    private static boolean belongTogether(PublicKey publicKey, PrivateKey privateKey) throws GeneralSecurityException {
        byte[] probe = {1, 2, 3};
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(privateKey);
        signature.update(probe);
        byte[] signed = signature.sign();
        signature.initVerify(publicKey);
        signature.update(probe);
        return signature.verify(signed);
    }
}
