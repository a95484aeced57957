package dev.declaw.server.fake;

import dev.declaw.server.api.ApiServer;
import dev.declaw.server.account.Accounts;
import dev.declaw.server.audit.AdminEvents;
import dev.declaw.server.audit.AuditLog;
import dev.declaw.server.auth.ApiKeys;
import dev.declaw.server.auth.RandomTokens;
import dev.declaw.server.auth.Tenants;
import dev.declaw.server.lifecycle.IdempotentCreates;
import dev.declaw.server.lifecycle.Sandboxes;
import dev.declaw.server.store.ApiKeyTable;
import dev.declaw.server.store.AuditTable;
import dev.declaw.server.store.Database;
import dev.declaw.server.store.IdempotencyTable;
import dev.declaw.server.store.SandboxTable;
import dev.declaw.server.store.TenantTable;
import dev.declaw.server.store.UsageTable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;

/// The real server (Jetty, SQLite, lifecycle) around a host, a guest and a proxy in memory.
public final class TestServer implements AutoCloseable {
    public static final Sandboxes.Settings SETTINGS = new Sandboxes.Settings(8, 4, 3600, 0, false);

    public final FakeHost host;
    public final FakeEgress egress = new FakeEgress();
    public final MovedClock clock;
    public final Database database;
    public final AuditLog audit;
    public final Sandboxes sandboxes;
    public final Tenants tenants;
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
        sandboxes = new Sandboxes(
                new Sandboxes.Parts(
                        host, egress, new SandboxTable(database), idempotency, auditTable, audit, tokens, clock, tenants),
                settings);
        sandboxes.start();
        Accounts accounts = new Accounts(
                keys, tenants, new UsageTable(database), new AdminEvents(audit, tokens, clock), clock);
        api = new ApiServer(
                new InetSocketAddress("127.0.0.1", 0),
                new ApiServer.Parts(
                        sandboxes, new IdempotentCreates(idempotency, clock), audit, () -> {}, keys, tokens, clock, accounts));
        api.start();
        http = new RawHttp(api.port(), key);
    }

    /// As SIGKILL would: nothing more is recorded, microVMs run on. Only for servers that keep their sandboxes on a close.
    public void crash() {
        api.close();
        database.close();
        sandboxes.close();
    }

    @Override
    public void close() {
        api.close();
        sandboxes.close();
        database.close();
    }
}
