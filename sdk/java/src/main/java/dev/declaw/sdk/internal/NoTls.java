package dev.declaw.sdk.internal;

import java.security.GeneralSecurityException;
import java.security.KeyStore;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// A TLS context for connections that use none: it trusts nobody, and saves loading the JDK's certificates at the start.
final class NoTls {
    private NoTls() {}

    static SSLContext context() {
        try {
            KeyStore empty = KeyStore.getInstance(KeyStore.getDefaultType());
            empty.load(null, null);
            TrustManagerFactory nobody = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            nobody.init(empty);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, nobody.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | java.io.IOException e) {
            throw new IllegalStateException("every JDK has TLS", e);
        }
    }
}
