package dev.declaw.server.fake;

import dev.declaw.rego.PolicyEngine;
import dev.declaw.server.api.ApiServer;
import dev.declaw.server.account.Accounts;
import dev.declaw.server.audit.AdminEvents;
import dev.declaw.server.audit.AuditLog;
import dev.declaw.server.auth.ApiKeys;
import dev.declaw.server.auth.Caller;
import dev.declaw.server.auth.RandomTokens;
import dev.declaw.server.auth.Scope;
import dev.declaw.server.auth.Tenants;
import dev.declaw.server.lifecycle.IdempotentCreates;
import dev.declaw.server.custom.CustomPolicies;
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
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// The real server (Jetty, SQLite, lifecycle) around a host, a guest and a proxy in memory.
public final class TestServer implements AutoCloseable {
    /// The policy service, where a test has started one.
    public static volatile Optional<PolicyEngine> policies = Optional.empty();

    public static final Sandboxes.Settings SETTINGS = new Sandboxes.Settings(8, 4, 3600, 0, false);

    public static final long VOLUME_BYTES_MAX = 8L * 1024 * 1024;
    private static final java.time.Duration LOOK_EVERY = java.time.Duration.ofMillis(20);

    public final FakeHost host;
    public final FakeEgress egress = new FakeEgress();
    public final MovedClock clock;
    public final Database database;
    public final AuditLog audit;
    public final Sandboxes sandboxes;
    public final Tenants tenants;
    private final VolumeMounts mounts;
    public final TemplateBuilds builds;
    public final ApiServer api;
    public final String key;
    public final RawHttp http;

    public TestServer(Path home) throws IOException {
        this(home, new FakeHost(), new MovedClock(), SETTINGS);
    }

    public TestServer(Path home, FakeHost host, MovedClock clock, Sandboxes.Settings settings) throws IOException {
        this(home, host, clock, settings, Tenants.Limits.NONE);
    }

    public TestServer(
            Path home, FakeHost host, MovedClock clock, Sandboxes.Settings settings, Tenants.Limits limits)
            throws IOException {
        this.host = host;
        this.clock = clock;
        database = Database.open(home.resolve("declaw.db"));
        RandomTokens tokens = new RandomTokens();
        tenants = new Tenants(new TenantTable(database), limits, tokens, clock);
        AuditTable auditTable = new AuditTable(database);
        audit = new AuditLog(auditTable);
        IdempotencyTable idempotency = new IdempotencyTable(database);
        ApiKeys keys = ApiKeys.open(new ApiKeyTable(database), home.resolve("api-key"), tokens, clock);
        key = Files.readString(home.resolve("api-key")).strip();
        AdminEvents admin = new AdminEvents(audit, tokens, clock);
        Volumes.Parts stores = new Volumes.Parts(
                new VolumeTable(database),
                new VolumeLockTable(database),
                new AttachmentTable(database),
                new BlobStore(home.resolve("volumes"), tokens),
                admin,
                tokens,
                clock,
                VOLUME_BYTES_MAX);
        Volumes volumes = new Volumes(stores);
        volumes.start();
        mounts = new VolumeMounts(stores, volumes, LOOK_EVERY);
        VaultTable secrets = new VaultTable(database);
        Sealer sealer = Sealer.open(home.resolve("vault-key"), secrets.any().isEmpty(), tokens);
        Vault vault = new Vault(new Vault.Parts(secrets, sealer, admin, tokens, clock, egress.injects));
        BuildTable buildTable = new BuildTable(database);
        Templates templates = new Templates(host, new TemplateTable(database), buildTable);
        sandboxes = new Sandboxes(
                new Sandboxes.Parts(
                        host, egress, new SandboxTable(database), idempotency, auditTable, audit, tokens, clock, tenants,
                        new SnapshotTable(database), new PauseTransitions(database), mounts, vault, templates,
                        new CustomPolicies(policies)),
                settings);
        sandboxes.start();
        BuildContexts contexts = new BuildContexts(home.resolve("build-contexts"), tokens, clock);
        builds = new TemplateBuilds(
                new TemplateBuilds.Parts(
                        sandboxes, host, templates, buildTable, contexts,
                        new BuildEgress(java.util.Set.of("packages.example"), List.of(), java.util.Map.of()), tokens, clock,
                        home.resolve("builds")),
                new TemplateBuilds.Settings(2, 1, java.time.Duration.ofMinutes(10)));
        builds.start();
        Accounts accounts = new Accounts(
                keys, tenants, new UsageTable(database), admin, clock);
        ServerMetrics metrics = new ServerMetrics(egress::metrics);
        sandboxes.measured(metrics);
        TlsIdentity identity = OwnCertificate.open(home, List.of("localhost", "127.0.0.1"), Instant.now());
        api = new ApiServer(
                new InetSocketAddress("127.0.0.1", 0),
                Optional.of(new ApiServer.Tls(new InetSocketAddress("127.0.0.1", 0), identity)),
                new ApiServer.Parts(
                        sandboxes, new IdempotentCreates(idempotency, clock), audit, () -> {}, keys, tokens, clock, accounts, volumes, mounts, vault,
                        templates, builds, contexts, metrics));
        api.start();
        http = new RawHttp(api.port(), key);
    }

    /// Somebody of this tenant who may do everything.
    public static Caller caller(String owner) {
        return new Caller(owner, "key-1", "test", Scope.TENANT, Optional.empty());
    }

    /// As SIGKILL would: nothing more is recorded, microVMs run on. Only for servers that keep their sandboxes on a close.
    public void crash() {
        api.close();
        mounts.close();
        database.close();
        sandboxes.close();
    }

    @Override
    public void close() {
        api.close();
        builds.close();
        sandboxes.close();
        mounts.close();
        database.close();
    }
}
