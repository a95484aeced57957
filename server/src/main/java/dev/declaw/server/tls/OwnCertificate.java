package dev.declaw.server.tls;

import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.CertificateParsingException;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// A certificate that the server signs itself (EC P-256): clients trust it by its file. It is made once, and again when it
/// runs out or the machine has another name or address.
public final class OwnCertificate {
    private static final Duration LIFE = Duration.ofDays(820); // some clients take no longer one
    private static final Duration RENEW_BEFORE = Duration.ofDays(30);
    private static final Duration SKEW = Duration.ofHours(1);
    private static final int SAN_DNS = 2; // RFC 5280 §4.2.1.6
    private static final int SAN_ADDRESS = 7;

    private OwnCertificate() {}

    /// @param home where `tls-certificate.pem` and `tls-key.pem` (mode 0600) are
    /// @param names names and addresses that clients use
    /// @throws IOException when it can be neither read nor made
    public static TlsIdentity open(Path home, Collection<String> names, Instant now) throws IOException {
        Path certificate = home.resolve("tls-certificate.pem");
        Path key = home.resolve("tls-key.pem");
        if (Files.exists(certificate) && Files.exists(key)) {
            TlsIdentity identity = TlsIdentity.read(certificate, key);
            if (fits(identity, names, now)) return identity;
        }
        make(certificate, key, names, now);
        return TlsIdentity.read(certificate, key);
    }

    private static boolean fits(TlsIdentity identity, Collection<String> names, Instant now) {
        Instant end = identity.certificate().getNotAfter().toInstant();
        if (!now.plus(RENEW_BEFORE).isBefore(end)) return false;
        Set<String> known = new LinkedHashSet<>();
        try {
            Collection<List<?>> alternatives = identity.certificate().getSubjectAlternativeNames();
            if (alternatives == null) return false;
            for (List<?> alternative : alternatives) {
                int type = (Integer) alternative.getFirst();
                if (type == SAN_DNS || type == SAN_ADDRESS) known.add(canonical(alternative.getLast().toString()));
            }
        } catch (CertificateParsingException e) {
            return false;
        }
        return names.stream().map(OwnCertificate::canonical).allMatch(known::contains);
    }

    private static String canonical(String name) {
        return address(name) ? InetAddress.ofLiteral(name).getHostAddress() : name.toLowerCase(java.util.Locale.ROOT);
    }

    private static boolean address(String name) {
        return name.indexOf(':') >= 0 || name.matches("[0-9.]+");
    }

    private static void make(Path certificate, Path key, Collection<String> names, Instant now) throws IOException {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair keys = generator.generateKeyPair();
            X500Name self = new X500Name("CN=declaw");
            JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    self,
                    new BigInteger(120, new SecureRandom()).add(BigInteger.ONE),
                    Date.from(now.minus(SKEW)),
                    Date.from(now.plus(LIFE)),
                    self,
                    keys.getPublic());
            GeneralName[] alternatives = names.stream()
                    .map(name -> new GeneralName(address(name) ? GeneralName.iPAddress : GeneralName.dNSName, name))
                    .toArray(GeneralName[]::new);
            builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(alternatives));
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth));
            X509CertificateHolder made =
                    builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate()));
            write(key, pem("PRIVATE KEY", keys.getPrivate().getEncoded()), "rw-------");
            write(certificate, pem("CERTIFICATE", made.getEncoded()), "rw-r--r--");
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IOException("the server's own certificate cannot be made", e);
        }
    }

    private static String pem(String label, byte[] bytes) {
        String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
        return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n";
    }

    private static void write(Path file, String text, String mode) throws IOException {
        Path fresh = Files.createTempFile(
                file.getParent(), "tls", ".new", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(fresh, text, StandardCharsets.US_ASCII);
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString(mode));
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
