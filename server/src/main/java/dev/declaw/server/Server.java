package dev.declaw.server;

import dev.declaw.egress.audit.AuditSpoolReader;
import dev.declaw.egress.control.EgressProcess;
import dev.declaw.egress.control.EgressProxy;
import dev.declaw.egress.control.SupervisedEgressProxy;
import dev.declaw.runtime.LocalMicroVmHost;
import dev.declaw.runtime.template.PackageRegistries;
import dev.declaw.server.api.ApiServer;
import dev.declaw.server.account.Accounts;
import dev.declaw.server.audit.AdminEvents;
import dev.declaw.server.audit.AuditLog;
import dev.declaw.server.audit.SpoolIngest;
import dev.declaw.server.auth.ApiKeys;
import dev.declaw.server.auth.RandomTokens;
import dev.declaw.server.auth.Tenants;
import dev.declaw.rego.PolicyService;
import dev.declaw.server.config.ServerConfig;
import dev.declaw.server.custom.CustomPolicies;
import dev.declaw.server.lifecycle.IdempotentCreates;
import dev.declaw.server.lifecycle.Sandboxes;
import dev.declaw.server.metrics.ServerMetrics;
import dev.declaw.server.store.ApiKeyTable;
import dev.declaw.server.store.AttachmentTable;
import dev.declaw.server.store.AuditTable;
import dev.declaw.server.store.BuildTable;
import dev.declaw.server.store.Database;
import dev.declaw.server.store.IdempotencyTable;
import dev.declaw.server.store.PauseTransitions;
import dev.declaw.server.store.SandboxTable;
import dev.declaw.server.store.SnapshotTable;
import dev.declaw.server.store.TemplateTable;
import dev.declaw.server.store.TenantTable;
import dev.declaw.server.store.UsageTable;
import dev.declaw.server.store.VaultTable;
import dev.declaw.server.store.VolumeLockTable;
import dev.declaw.server.store.VolumeTable;
import dev.declaw.server.template.BuildContexts;
import dev.declaw.server.template.BuildEgress;
import dev.declaw.server.template.TemplateBuilds;
import dev.declaw.server.template.Templates;
import dev.declaw.server.tls.OwnCertificate;
import dev.declaw.server.tls.TlsIdentity;
import dev.declaw.server.vault.Sealer;
import dev.declaw.server.vault.Vault;
import dev.declaw.server.volumes.BlobStore;
import dev.declaw.server.volumes.VolumeMounts;
import dev.declaw.server.volumes.Volumes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The composition root: makes all parts of a server, hands them to each other, and takes them down in reverse order.
final class Server implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    private static final long MIB = 1024 * 1024;

    private final Deque<Part> parts = new ArrayDeque<>();
    private final RestartRelay restarts = new RestartRelay();
    private final ServerConfig config;
    private ApiServer api;

    private record Part(String name, AutoCloseable part) {}

    /// Passes the restart of the proxy on to the sandboxes, which are made after it. Before there are any, there is nothing
    /// to open again.
    private static final class RestartRelay implements EgressProxy.RestartListener {
        private volatile Sandboxes sandboxes;

        @Override
        public void restarted(EgressProxy proxy) {
            Sandboxes known = sandboxes;
            if (known != null) known.egressRestarted();
        }
    }

    private Server(ServerConfig config) {
        this.config = config;
    }

    /// Starts everything and returns when requests are taken. What was started is stopped again when a later part fails.
    static Server start(ServerConfig config) throws IOException {
        Server server = new Server(config);
        try {
            server.wire(InstantSource.system());
            return server;
        } catch (IOException | RuntimeException | Error e) {
            server.close();
            throw e;
        }
    }

    private void wire(InstantSource clock) throws IOException {
        Path home = config.home();
        privateDirectory(home);
        RandomTokens tokens = new RandomTokens();
        LocalMicroVmHost host = keep("host", new LocalMicroVmHost(Machine.hostConfig(config), Machine.snapshotStore(config)));
        Optional<PolicyService> policies = policyService();
        SupervisedEgressProxy egress = keep(
                "egress", SupervisedEgressProxy.start(egressSettings(home, policies.map(PolicyService::socketName)), restarts));
        Database database = keep("database", Database.open(home.resolve("declaw.db")));

        AuditTable auditTable = new AuditTable(database);
        AuditLog audit = new AuditLog(auditTable);
        IdempotencyTable idempotency = new IdempotencyTable(database);
        idempotency.releaseUnfinished();
        ApiKeys keys = ApiKeys.open(new ApiKeyTable(database), home.resolve("api-key"), tokens, clock);
        Tenants tenants = new Tenants(new TenantTable(database), config.tenants(), tokens, clock);
        AdminEvents admin = new AdminEvents(audit, tokens, clock);
        Accounts accounts = new Accounts(keys, tenants, new UsageTable(database), admin, clock);

        Volumes.Parts stores = new Volumes.Parts(
                new VolumeTable(database),
                new VolumeLockTable(database),
                new AttachmentTable(database),
                new BlobStore(home.resolve("volumes"), tokens),
                admin,
                tokens,
                clock,
                config.tenantVolumesMibMax() * MIB);
        Volumes volumes = new Volumes(stores);
        VolumeMounts mounts = keep("mounts", new VolumeMounts(stores, volumes, VolumeMounts.LOOK_EVERY));
        volumes.start();

        VaultTable secrets = new VaultTable(database);
        Sealer sealer = Sealer.open(home.resolve("vault-key"), secrets.any().isEmpty(), tokens);
        Vault vault = new Vault(
                new Vault.Parts(secrets, sealer, admin, tokens, clock, true));

        BuildTable buildTable = new BuildTable(database);
        Templates templates = new Templates(host, new TemplateTable(database), buildTable);
        Sandboxes sandboxes = new Sandboxes(
                new Sandboxes.Parts(
                        host,
                        egress,
                        new SandboxTable(database),
                        idempotency,
                        auditTable,
                        audit,
                        tokens,
                        clock,
                        tenants,
                        new SnapshotTable(database),
                        new PauseTransitions(database),
                        mounts,
                        vault,
                        templates,
                        new CustomPolicies(policies.map(PolicyService::engine))),
                new Sandboxes.Settings(
                        config.limits().sandboxesMax(),
                        config.limits().bootsMax(),
                        config.limits().timeoutSecondsMax(),
                        config.warmPool(),
                        config.keepSandboxes(),
                        config.retention()));
        SpoolIngest ingest = keep(
                "spool",
                new SpoolIngest(new AuditSpoolReader(spool(home)), audit, sandboxes::auditEnabled));
        keep("sandboxes", sandboxes);
        restarts.sandboxes = sandboxes;
        sandboxes.start();
        ingest.start();
        BuildContexts contexts = new BuildContexts(home.resolve("build-contexts"), tokens, clock);
        TemplateBuilds builds = keep("builds", builds(sandboxes, host, templates, buildTable, contexts, tokens, clock));
        builds.start();
        config.builds().templates().forEach(builds::buildBuiltIn);

        api = keep(
                "api",
                new ApiServer(
                        config.listen(),
                        tls(clock),
                        new ApiServer.Parts(
                                sandboxes,
                                new IdempotentCreates(idempotency, clock),
                                audit,
                                ingest::drain,
                                keys,
                                tokens,
                                clock,
                                accounts,
                                volumes,
                                mounts,
                                vault,
                                templates,
                                builds,
                                contexts,
                                metrics(egress, sandboxes))));
        api.start();
    }

    private static ServerMetrics metrics(EgressProxy egress, Sandboxes sandboxes) {
        ServerMetrics metrics = new ServerMetrics(egress::metrics);
        sandboxes.measured(metrics);
        return metrics;
    }

    private TemplateBuilds builds(
            Sandboxes sandboxes,
            LocalMicroVmHost host,
            Templates templates,
            BuildTable table,
            BuildContexts contexts,
            RandomTokens tokens,
            InstantSource clock)
            throws IOException {
        ServerConfig.Builds builds = config.builds();
        long longest = config.limits().timeoutSecondsMax();
        long timeout = longest == 0 ? builds.timeoutSeconds() : Math.min(longest, builds.timeoutSeconds());
        BuildEgress egress = BuildEgress.of(PackageRegistries.read(Path.of("/"), System.getenv()), builds.allowOut());
        return new TemplateBuilds(
                new TemplateBuilds.Parts(
                        sandboxes, host, templates, table, contexts, egress, tokens, clock, config.home().resolve("builds")),
                new TemplateBuilds.Settings(builds.buildsMax(), builds.tenantBuildsMax(), Duration.ofSeconds(timeout)));
    }

    private Optional<ApiServer.Tls> tls(InstantSource clock) throws IOException {
        if (config.tls().isEmpty()) return Optional.empty();
        ServerConfig.Tls tls = config.tls().get();
        TlsIdentity identity = tls.files().isPresent()
                ? TlsIdentity.read(tls.files().get().certificate(), tls.files().get().key())
                : OwnCertificate.open(config.home(), Machine.names(tls.listen()), clock.instant());
        return Optional.of(new ApiServer.Tls(tls.listen(), identity));
    }

    private <T extends AutoCloseable> T keep(String name, T part) {
        parts.push(new Part(name, part));
        return part;
    }

    private static Path spool(Path home) {
        return home.resolve("egress").resolve("spool");
    }

    /// The service that evaluates custom policies, if this server was built with it.
    private Optional<PolicyService> policyService() throws IOException {
        Path binary = Machine.guestAgent(config).resolveSibling("policyd");
        if (!Files.isExecutable(binary)) {
            LOG.warn("there is no policy service at {}: policies with Rego are refused", binary);
            return Optional.empty();
        }
        String socketName = "declaw-policyd-" + ProcessHandle.current().pid() + "-" + new RandomTokens().auditId();
        try {
            return Optional.of(keep("policies", PolicyService.start(new PolicyService.Settings(
                    binary, socketName, List.of(0, EgressProcess.DEFAULT_UID)))));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("the start of the policy service was interrupted", e);
        }
    }

    private SupervisedEgressProxy.Settings egressSettings(Path home, Optional<String> policies) throws IOException {
        privateDirectory(home.resolve("egress"));
        Path control = home.resolve("egress").resolve("control.sock");
        int user = EgressProcess.DEFAULT_UID;
        List<String> command = new ArrayList<>(Machine.egressCommand());
        command.add(Main.EGRESS_WORKER);
        command.addAll(new EgressProcess.Arguments(control, user, user, config.egress(), policies).toCommandLine());
        return new SupervisedEgressProxy.Settings(command, control, spool(home), user, user);
    }

    private static void privateDirectory(Path directory) throws IOException {
        Files.createDirectories(
                directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    /// Where the API is.
    String url() {
        return "http://" + config.listen().getHostString() + ":" + api.port();
    }

    @Override
    public void close() {
        while (!parts.isEmpty()) {
            Part part = parts.pop();
            try {
                part.part().close();
            } catch (Exception e) {
                LOG.error("{} did not stop cleanly", part.name(), e); // the others must stop all the same
            }
        }
    }
}
