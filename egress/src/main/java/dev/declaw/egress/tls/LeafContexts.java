package dev.declaw.egress.tls;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.declaw.model.network.HostName;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.net.InetAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import javax.net.ssl.SSLException;

/// The BoringSSL contexts with which one sandbox's TLS is answered, one for each name. Thread-safe.
///
/// Nothing is shared with another sandbox: each context has its own session-ticket keys, so a session of one sandbox or
/// name cannot be resumed with another. TLS 1.2 and up, ALPN `h2` and `http/1.1`, no early data, no renegotiation (BoringSSL
/// servers have neither unless asked).
public final class LeafContexts {
    /// Names whose context is kept; the least used one goes first, so a guest that asks for a million names costs time only.
    static final int NAMES_MAX = 256;

    /// Shorter than a leaf's life by days, so that no expired leaf is ever served.
    private static final Duration KEPT = Duration.ofHours(24);

    private final CertificateAuthority authority;
    private final Cache<Object, SslContext> contexts;

    public LeafContexts(CertificateAuthority authority) {
        this.authority = authority;
        this.contexts = Caffeine.newBuilder()
                .maximumSize(NAMES_MAX)
                .expireAfterWrite(KEPT)
                .executor(Runnable::run)
                .build();
    }

    public SslContext forHost(HostName host) {
        return contexts.get(host, _ -> context(authority.mint(host)));
    }

    public SslContext forAddress(InetAddress address) {
        return contexts.get(address, _ -> context(authority.mint(address)));
    }

    private SslContext context(X509Certificate leaf) {
        try {
            return SslContextBuilder.forServer(authority.leafKey(), leaf)
                    .sslProvider(SslProvider.OPENSSL)
                    .protocols("TLSv1.3", "TLSv1.2")
                    .applicationProtocolConfig(Alpn.HTTP_2_OR_1_1)
                    .build();
        } catch (SSLException e) {
            throw new IllegalStateException("BoringSSL refuses our own certificate", e);
        }
    }
}
