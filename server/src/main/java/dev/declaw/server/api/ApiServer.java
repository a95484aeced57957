package dev.declaw.server.api;

import static dev.declaw.server.api.Router.Route.of;
import static dev.declaw.server.api.Router.Route.open;

import dev.declaw.server.account.Accounts;
import dev.declaw.server.audit.AuditLog;
import dev.declaw.server.auth.ApiKeys;
import dev.declaw.server.auth.RandomTokens;
import dev.declaw.server.lifecycle.IdempotentCreates;
import dev.declaw.server.lifecycle.Sandboxes;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Executors;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/// The HTTP server of the API: Jetty core, one virtual thread per request, and the table of everything that it serves.
public final class ApiServer implements AutoCloseable {
    private static final int CONNECTIONS_MAX = 2048;
    private static final int HEADER_BYTES_MAX = 16 * 1024;
    private static final int PLATFORM_THREADS_MAX = 8; // acceptor and selectors; requests run on virtual threads

    /// Silence on a connection. Long calls send a byte more often than that.
    private static final long IDLE_MILLIS_MAX = 120_000;

    private final Server server;
    private final ServerConnector connector;
    private final List<Router.Route> routes;

    /// The parts that the API speaks for.
    ///
    /// @param drainAudit brings the audit log up to date before it is asked
    public record Parts(
            Sandboxes sandboxes,
            IdempotentCreates creates,
            AuditLog audit,
            Runnable drainAudit,
            ApiKeys keys,
            RandomTokens tokens,
            InstantSource clock,
            Accounts accounts) {}

    public ApiServer(InetSocketAddress listen, Parts parts) {
        QueuedThreadPool threads = new QueuedThreadPool(PLATFORM_THREADS_MAX);
        threads.setName("api");
        threads.setVirtualThreadsExecutor(
                Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("api-request-", 0).factory()));
        server = new Server(threads);
        connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(configuration()));
        connector.setHost(listen.getHostString());
        connector.setPort(listen.getPort());
        connector.setIdleTimeout(IDLE_MILLIS_MAX);
        server.addConnector(connector);
        server.addBean(new NetworkConnectionLimit(CONNECTIONS_MAX, server));
        Errors errors = new Errors(parts.tokens());
        server.setErrorHandler(new JsonErrorHandler());
        routes = routes(parts);
        server.setHandler(new ApiHandler(new Router(routes), parts.keys(), errors));
        server.setStopTimeout(0);
    }

    private static HttpConfiguration configuration() {
        HttpConfiguration configuration = new HttpConfiguration();
        configuration.setSendServerVersion(false);
        configuration.setRequestHeaderSize(HEADER_BYTES_MAX);
        configuration.setUriCompliance(
                UriCompliance.DEFAULT.with("slashes", UriCompliance.Violation.AMBIGUOUS_EMPTY_SEGMENT));
        return configuration;
    }

    /// Everything that is served; the first route that fits wins.
    private static List<Router.Route> routes(Parts parts) {
        SandboxEndpoints sandboxes = new SandboxEndpoints(parts.sandboxes(), parts.creates());
        CommandEndpoints commands = new CommandEndpoints(parts.sandboxes(), parts.clock());
        PtyEndpoints pty = new PtyEndpoints(parts.sandboxes());
        StdioEndpoints stdio = new StdioEndpoints(parts.sandboxes(), parts.tokens());
        FileEndpoints files = new FileEndpoints(parts.sandboxes());
        WatchEndpoints watches = new WatchEndpoints(parts.sandboxes());
        AccountEndpoints account = new AccountEndpoints(parts.accounts(), parts.sandboxes());
        TenantEndpoints tenants = new TenantEndpoints(parts.accounts());
        AuditLogEndpoints log = new AuditLogEndpoints(parts.audit(), parts.drainAudit());
        AuditEndpoints audit = new AuditEndpoints(parts.sandboxes(), parts.audit(), parts.drainAudit());
        return List.of(
                open("GET", "/health", sandboxes::health),
                open("GET", "/healthz", sandboxes::health),
                of("GET", "/auth/me", account::whoAmI),
                of("GET", "/accounts/{oid}", account::account),
                of("GET", "/accounts/{oid}/wallet", account::wallet),
                of("GET", "/accounts/{oid}/usage", account::usage),
                of("GET", "/accounts/{oid}/usage/daily", account::dailyUsage),
                of("GET", "/accounts/{oid}/deposits", account::deposits),
                of("GET", "/accounts/{oid}/overview", account::overview),
                of("POST", "/accounts/{oid}/api-keys", account::createKey),
                of("GET", "/accounts/{oid}/api-keys", account::listKeys),
                of("DELETE", "/accounts/{oid}/api-keys/{kid}", account::revokeKey),
                of("GET", "/tenants", tenants::list),
                of("POST", "/tenants", tenants::create),
                of("PUT", "/tenants/{oid}/limits", tenants::limit),
                of("GET", "/audit", log::query),
                of("GET", "/audit/export", log::export),
                of("GET", "/audit/verify", log::verify),
                of("POST", "/sandboxes", sandboxes::create),
                of("GET", "/sandboxes", sandboxes::list),
                of("POST", "/sandboxes/kill-many", sandboxes::killMany),
                of("GET", "/sandboxes/{id}", sandboxes::get),
                of("DELETE", "/sandboxes/{id}", sandboxes::kill),
                of("GET", "/sandboxes/{id}/status", sandboxes::status),
                of("PATCH", "/sandboxes/{id}/timeout", sandboxes::setTimeout),
                of("GET", "/sandboxes/{id}/metrics", sandboxes::metrics),
                of("POST", "/sandboxes/{id}/commands", commands::run),
                of("GET", "/sandboxes/{id}/commands", commands::list),
                of("POST", "/sandboxes/{id}/commands/stream", commands::stream),
                of("GET", "/sandboxes/{id}/commands/{pid}/wait", commands::await),
                of("DELETE", "/sandboxes/{id}/commands/{pid}", commands::kill),
                of("POST", "/sandboxes/{id}/commands/{pid}/stdin", commands::stdin),
                of("POST", "/sandboxes/{id}/pty", pty::create),
                of("GET", "/sandboxes/{id}/pty/{pid}/stream", pty::stream),
                of("POST", "/sandboxes/{id}/pty/{pid}/stdin", pty::stdin),
                of("PATCH", "/sandboxes/{id}/pty/{pid}", pty::resize),
                of("DELETE", "/sandboxes/{id}/pty/{pid}", pty::kill),
                of("POST", "/sandboxes/{id}/stdio", stdio::start),
                of("GET", "/sandboxes/{id}/stdio/{cid}/stream", stdio::stream),
                of("POST", "/sandboxes/{id}/stdio/{cid}/stdin", stdio::stdin),
                of("POST", "/sandboxes/{id}/stdio/{cid}/stdin/close", stdio::closeStdin),
                of("DELETE", "/sandboxes/{id}/stdio/{cid}", stdio::kill),
                of("GET", "/sandboxes/{id}/files", files::read),
                of("POST", "/sandboxes/{id}/files", files::write),
                of("DELETE", "/sandboxes/{id}/files", files::remove),
                of("PATCH", "/sandboxes/{id}/files", files::rename),
                of("GET", "/sandboxes/{id}/files/raw", files::readRaw),
                of("PUT", "/sandboxes/{id}/files/raw", files::writeRaw),
                of("POST", "/sandboxes/{id}/files/batch", files::writeBatch),
                of("GET", "/sandboxes/{id}/files/list", files::list),
                of("GET", "/sandboxes/{id}/files/exists", files::exists),
                of("GET", "/sandboxes/{id}/files/info", files::info),
                of("POST", "/sandboxes/{id}/files/mkdir", files::makeDirectory),
                of("POST", "/sandboxes/{id}/files/watch", watches::post),
                of("GET", "/sandboxes/{id}/files/watch", watches::get),
                of("GET", "/sandboxes/{id}/audit", audit::query),
                of("GET", "/sandboxes/{id}/audit/verify", audit::verify));
    }

    /// Everything that is served, as `METHOD /path/{variable}`, in the order in which it is looked up.
    public List<String> served() {
        return routes.stream().map(route -> route.method() + " /" + String.join("/", route.path())).toList();
    }

    /// Starts to listen.
    ///
    /// @throws java.io.IOException when the address is taken
    public void start() throws java.io.IOException {
        try {
            server.start();
        } catch (java.io.IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new java.io.IOException("the API server cannot start", e);
        }
    }

    /// The port that it listens on.
    public int port() {
        return connector.getLocalPort();
    }

    /// Stops listening and cuts what is under way.
    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception e) {
            throw new IllegalStateException("the API server does not stop", e);
        }
    }
}
