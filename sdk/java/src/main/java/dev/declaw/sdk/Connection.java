package dev.declaw.sdk;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Optional;

/// Where the server is and who asks. Immutable. Its text form does not show the key.
///
/// From the environment: `DECLAW_API_KEY`; `DECLAW_API_URL`, or `DECLAW_DOMAIN` (`host:port`; port 443 or none means https).
/// Without either the server is `127.0.0.1:8080`, where `./declaw up` listens; a key is never sent to a host that nobody
/// named.
public final class Connection {
    private static final String DOMAIN_DEFAULT = "127.0.0.1:8080";

    private final URI address;
    private final String apiKey;
    private final Duration requestTimeout;

    private Connection(URI address, String apiKey, Duration requestTimeout) {
        this.address = address;
        this.apiKey = apiKey;
        this.requestTimeout = requestTimeout;
    }

    public static Connection fromEnvironment() {
        String key = environment("DECLAW_API_KEY").orElse("");
        return environment("DECLAW_API_URL")
                .map(url -> of(url, key))
                .orElseGet(() -> of(environment("DECLAW_DOMAIN").orElse(DOMAIN_DEFAULT), key));
    }

    /// @param server `host`, `host:port` or a URL
    /// @throws DeclawException.InvalidArgument when it is no address, or the key has characters that no key has
    public static Connection of(String server, String apiKey) {
        if (!apiKey.chars().allMatch(c -> c > ' ' && c < 127)) {
            throw new DeclawException.InvalidArgument("the API key has characters that no key has; check DECLAW_API_KEY");
        }
        return new Connection(parse(server), apiKey, null);
    }

    /// The same with another limit for how long one call may take; the default depends on the call.
    public Connection withRequestTimeout(Duration limit) {
        if (limit.isNegative() || limit.isZero()) {
            throw new DeclawException.InvalidArgument("the request timeout must be longer than 0");
        }
        return new Connection(address, apiKey, limit);
    }

    private static URI parse(String server) {
        try {
            URI uri = new URI(server.contains("://") ? server : "any://" + server);
            if (uri.getHost() == null || uri.getUserInfo() != null || uri.getQuery() != null || uri.getFragment() != null) {
                throw noAddress(server);
            }
            String path = uri.getPath() == null ? "" : uri.getPath().replaceAll("/+$", "");
            String scheme = uri.getScheme();
            if (scheme.equals("any")) scheme = uri.getPort() == 443 || uri.getPort() == -1 ? "https" : "http";
            if (!scheme.equals("http") && !scheme.equals("https")) throw noAddress(server);
            return new URI(scheme, null, uri.getHost(), uri.getPort(), path, null, null);
        } catch (URISyntaxException e) {
            throw noAddress(server);
        }
    }

    private static DeclawException.InvalidArgument noAddress(String server) {
        return new DeclawException.InvalidArgument("'" + server + "' is no address of a server; use host:port or https://host");
    }

    private static Optional<String> environment(String name) {
        return Optional.ofNullable(System.getenv(name)).filter(value -> !value.isBlank());
    }

    public URI address() {
        return address;
    }

    public String apiKey() {
        return apiKey;
    }

    public Optional<Duration> requestTimeout() {
        return Optional.ofNullable(requestTimeout);
    }

    @Override
    public String toString() {
        return "Connection[" + address + "]";
    }
}
