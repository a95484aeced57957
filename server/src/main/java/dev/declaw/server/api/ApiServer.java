package dev.declaw.server.api;

import static dev.declaw.server.api.Router.Route.of;
import static dev.declaw.server.api.Router.Route.open;

import dev.declaw.guardrails.report.AllScanners;
import dev.declaw.server.account.Accounts;
import dev.declaw.server.audit.AuditLog;
import dev.declaw.server.auth.ApiKeys;
import dev.declaw.server.auth.RandomTokens;
import dev.declaw.server.lifecycle.IdempotentCreates;
import dev.declaw.server.lifecycle.Sandboxes;
import dev.declaw.server.metrics.ServerMetrics;
import dev.declaw.server.tls.TlsIdentity;
import dev.declaw.server.template.BuildContexts;
import dev.declaw.server.template.TemplateBuilds;
import dev.declaw.server.template.Templates;
import dev.declaw.server.vault.Vault;
import dev.declaw.server.volumes.VolumeMounts;
import dev.declaw.server.volumes.Volumes;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
    static final int HEADER_BYTES_MAX = 16 * 1024;
    private static final int PLATFORM_THREADS_MAX = 8; // acceptor and selectors; requests run on virtual threads

    /// Silence on a connection. Long calls send a byte more often than that.
    private static final long IDLE_MILLIS_MAX = 120_000;

    /// For the head of a request to come, from its first byte on.
    private static final Duration HEAD_WITHIN = Duration.ofSeconds(15);

    private final Server server;
    private final ServerConnector connector;
    private final Optional<ServerConnector> tlsConnector;
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
            Accounts accounts,
            Volumes volumes,
            VolumeMounts mounts,
            Vault vault,
            Templates templates,
            TemplateBuilds builds,
            BuildContexts contexts,
            ServerMetrics metrics) {}

    /// A second listener.
    public record Tls(InetSocketAddress listen, TlsIdentity identity) {}

    public ApiServer(InetSocketAddress listen, Parts parts) {
        this(listen, Optional.empty(), parts);
    }

    public ApiServer(InetSocketAddress listen, Optional<Tls> tls, Parts parts) {
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
        tlsConnector = tls.map(with -> TlsConnector.of(server, with.listen(), with.identity(), configuration()));
        tlsConnector.ifPresent(secure -> {
            secure.setIdleTimeout(IDLE_MILLIS_MAX);
            server.addConnector(secure);
        });
        NetworkConnectionLimit connections = new NetworkConnectionLimit(CONNECTIONS_MAX, server);
        server.addBean(connections);
        parts.metrics().gauge("declaw_http_connections", "Connections of callers that are open.", connections::getNetworkConnectionCount);
        Errors errors = new Errors(parts.tokens());
        server.setErrorHandler(new JsonErrorHandler());
        PortGuard ports = new PortGuard(parts.keys(), parts.sandboxes());
        routes = routes(parts, ports);
        SlowHeads heads = new SlowHeads(new ApiHandler(new Router(routes), parts.keys(), ports, errors, parts.metrics()), HEAD_WITHIN);
        server.setHandler(heads);
        connector.addBean(heads, false);
        tlsConnector.ifPresent(secure -> secure.addBean(heads, false));
        server.setStopTimeout(0);
    }

    private static HttpConfiguration configuration() {
        HttpConfiguration configuration = new HttpConfiguration();
        configuration.setSendServerVersion(false);
        configuration.setRequestHeaderSize(HEADER_BYTES_MAX);
        configuration.setUriCompliance(
                // Paths behind a port are the guest's business; our own are read segment by segment, undecoded.
                UriCompliance.DEFAULT.with(
                        "slashes",
                        UriCompliance.Violation.AMBIGUOUS_EMPTY_SEGMENT,
                        UriCompliance.Violation.AMBIGUOUS_PATH_SEPARATOR,
                        UriCompliance.Violation.AMBIGUOUS_PATH_ENCODING));
        return configuration;
    }

    /// Everything that is served; the first route that fits wins.
    private static List<Router.Route> routes(Parts parts, PortGuard guard) {
        SandboxEndpoints sandboxes = new SandboxEndpoints(
                parts.sandboxes(), parts.creates(), parts.mounts(), new Errors(parts.tokens()));
        SnapshotEndpoints snapshots = new SnapshotEndpoints(parts.sandboxes().rests());
        CommandEndpoints commands = new CommandEndpoints(parts.sandboxes(), parts.clock());
        PtyEndpoints pty = new PtyEndpoints(parts.sandboxes());
        StdioEndpoints stdio = new StdioEndpoints(parts.sandboxes(), parts.tokens());
        FileEndpoints files = new FileEndpoints(parts.sandboxes());
        WatchEndpoints watches = new WatchEndpoints(parts.sandboxes());
        VolumeEndpoints volumes = new VolumeEndpoints(parts.volumes());
        VolumeFileEndpoints volumeFiles = new VolumeFileEndpoints(parts.volumes());
        SandboxVolumeEndpoints captures = new SandboxVolumeEndpoints(parts.sandboxes(), parts.mounts());
        VaultEndpoints vault = new VaultEndpoints(parts.vault(), parts.sandboxes());
        CatalogEndpoints catalog = new CatalogEndpoints();
        TemplateEndpoints templates =
                new TemplateEndpoints(parts.templates(), parts.builds(), parts.contexts(), parts.clock());
        PolicyEndpoints policies = new PolicyEndpoints(parts.sandboxes());
        AccountEndpoints account = new AccountEndpoints(parts.accounts(), parts.sandboxes());
        TenantEndpoints tenants = new TenantEndpoints(parts.accounts(), parts.sandboxes());
        AuditFollowers followers = new AuditFollowers();
        AuditLogEndpoints log = new AuditLogEndpoints(parts.audit(), parts.drainAudit(), followers);
        AuditEndpoints audit = new AuditEndpoints(parts.sandboxes(), parts.audit(), parts.drainAudit(), followers);
        PortEndpoints ports = new PortEndpoints(parts.sandboxes(), guard);
        ScanEndpoints scans = new ScanEndpoints(new AllScanners(), parts.keys());
        List<Router.Route> table = new ArrayList<>(List.of(
                of("PUT", "/sandboxes/{id}/policy", policies::update),
                of("POST", "/policies/explain", policies::explain),
                of("POST", "/policies/lint", policies::lint),
                open("GET", "/health", sandboxes::health),
                open("GET", "/healthz", sandboxes::health),
                of("POST", "/guardrails/scan", scans::scan),
                open("POST", "/api/v1/scan", scans::legacy),
                open("GET", "/governance/packs", catalog::packs),
                open("GET", "/governance/packs/{name}", catalog::pack),
                of("GET", "/templates", templates::list),
                of("POST", "/templates/build", templates::build),
                of("POST", "/templates/build-contexts", templates::addContext),
                of("GET", "/templates/builds", templates::builds),
                of("GET", "/templates/builds/{bid}", templates::status),
                of("GET", "/templates/builds/{bid}/logs", templates::logs),
                of("DELETE", "/templates/builds/{bid}", templates::cancel),
                of("POST", "/templates/{tid}/build", templates::buildBuiltIn),
                of("GET", "/templates/{tid}", templates::get),
                of("DELETE", "/templates/{tid}", templates::delete),
                of("GET", "/metrics", new MetricsEndpoints(parts.metrics())::scrape),
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
                of("POST", "/volumes", volumes::create),
                of("GET", "/volumes", volumes::list),
                of("POST", "/volumes/empty", volumes::createEmpty),
                of("POST", "/volumes/ingest", volumes::ingest),
                of("GET", "/volumes/{vid}", volumes::get),
                of("DELETE", "/volumes/{vid}", volumes::delete),
                of("GET", "/volumes/{vid}/download", volumes::download),
                of("PUT", "/volumes/{vid}/files/raw", volumeFiles::write),
                of("GET", "/volumes/{vid}/files/raw", volumeFiles::read),
                of("GET", "/volumes/{vid}/files/list", volumeFiles::list),
                of("GET", "/volumes/{vid}/files/info", volumeFiles::info),
                of("GET", "/volumes/{vid}/files/exists", volumeFiles::exists),
                of("DELETE", "/volumes/{vid}/files", volumeFiles::remove),
                of("PATCH", "/volumes/{vid}/files", volumeFiles::rename),
                of("POST", "/volumes/{vid}/files/mkdir", volumeFiles::makeDirectory),
                of("POST", "/volumes/{vid}/locks", volumeFiles::lock),
                of("GET", "/volumes/{vid}/locks", volumeFiles::lockStatus),
                of("DELETE", "/volumes/{vid}/locks", volumeFiles::unlock),
                of("POST", "/volumes/{vid}/locks/renew", volumeFiles::renew),
                of("POST", "/sandboxes/{id}/volumes/snapshot", captures::capture),
                of("POST", "/sandboxes/{id}/volumes/{vid}/commit", captures::commit),
                of("GET", "/teams", vault::teams),
                of("POST", "/teams", vault::createTeam),
                of("GET", "/teams/{tid}/environments", vault::environments),
                of("POST", "/teams/{tid}/environments", vault::createEnvironment),
                of("GET", "/teams/{tid}/vault/secrets", vault::secrets),
                of("POST", "/teams/{tid}/vault/secrets", vault::create),
                of("POST", "/teams/{tid}/vault/secrets/{sid}/rotate", vault::rotate),
                of("POST", "/teams/{tid}/vault/secrets/{sid}/scopes", vault::setScopes),
                of("DELETE", "/teams/{tid}/vault/secrets/{sid}", vault::delete),
                of("GET", "/vault/presets", vault::presets),
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
                of("POST", "/sandboxes/{id}/pause", snapshots::pause),
                of("POST", "/sandboxes/{id}/resume", snapshots::resume),
                of("POST", "/sandboxes/{id}/snapshot", snapshots::create),
                of("POST", "/sandboxes/{id}/snapshots", snapshots::create),
                of("GET", "/sandboxes/{id}/snapshots", snapshots::list),
                of("DELETE", "/sandboxes/{id}/snapshots/{sid}", snapshots::delete),
                of("POST", "/sandboxes/{id}/restore", snapshots::restore),
                of("GET", "/snapshots", snapshots::listAll),
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
                of("GET", "/sandboxes/{id}/audit/verify", audit::verify)));
        for (String method : PortEndpoints.METHODS) {
            table.add(of(method, "/sandboxes/{id}/ports/{port}/{rest...}", ports::relay));
        }
        return List.copyOf(table);
    }

    /// Everything that is served, as `METHOD /path/{variable}`, in the order in which it is looked up.
    public List<String> served() {
        return routes.stream().map(route -> route.method() + " " + route.template()).toList();
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

    /// The port with TLS, when there is one.
    public Optional<Integer> tlsPort() {
        return tlsConnector.map(ServerConnector::getLocalPort);
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
