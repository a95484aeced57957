package dev.declaw.server.auth;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.store.TenantTable;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// The tenants of this server and what each may use. Thread-safe.
public final class Tenants {
    /// The tenant of a new server; what its key may do reaches beyond it.
    public static final String FIRST = "owner-1";

    private static final int TENANTS_MAX = 10_000;

    private final TenantTable table;
    private final Limits defaults;
    private final RandomTokens tokens;
    private final InstantSource clock;
    private final Map<String, TenantTable.Row> known = new ConcurrentHashMap<>();

    /// What a tenant may use; 0 stands for no limit of its own.
    ///
    /// @param sandboxesMax sandboxes at once, paused ones not counted
    /// @param createsPerSecondMax creates, as a rate and as the longest burst
    /// @param memoryMibMax memory of its sandboxes, all together
    /// @param egressConnectionsMax connections that its sandboxes have open to the outside, all together
    /// @param savedMibMax what its snapshots and paused sandboxes hold on disk, all together
    public record Limits(
            int sandboxesMax, int createsPerSecondMax, long memoryMibMax, int egressConnectionsMax, long savedMibMax) {
        public static final Limits NONE = new Limits(0, 0, 0, 0, 0);

        public Limits {
            if (sandboxesMax < 0 || createsPerSecondMax < 0 || memoryMibMax < 0 || egressConnectionsMax < 0 || savedMibMax < 0) {
                throw new IllegalArgumentException("a limit is never negative");
            }
        }
    }

    /// @param limits as they are in force
    public record Tenant(String id, String name, Instant created, Limits limits) {}

    /// Own limits of a tenant; an empty one follows the server's default.
    public record OwnLimits(
            Optional<Integer> sandboxesMax,
            Optional<Integer> createsPerSecondMax,
            Optional<Long> memoryMibMax,
            Optional<Integer> egressConnectionsMax,
            Optional<Long> savedMibMax) {
        public static final OwnLimits NONE =
                new OwnLimits(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    public Tenants(TenantTable table, Limits defaults, RandomTokens tokens, InstantSource clock) {
        this.table = table;
        this.defaults = defaults;
        this.tokens = tokens;
        this.clock = clock;
        table.add(row(FIRST, FIRST, clock.instant(), OwnLimits.NONE));
        table.all().forEach(row -> known.put(row.id(), row));
    }

    private static TenantTable.Row row(String id, String name, Instant created, OwnLimits limits) {
        return new TenantTable.Row(
                id, name, created, limits.sandboxesMax(), limits.createsPerSecondMax(), limits.memoryMibMax(),
                limits.egressConnectionsMax(), limits.savedMibMax());
    }

    /// @throws PlatformFailure.QuotaExceeded when the server has too many
    public Tenant create(String name, OwnLimits limits) {
        if (known.size() >= TENANTS_MAX) {
            throw new PlatformFailure.QuotaExceeded("too_many_tenants", "there are " + TENANTS_MAX + " tenants, the limit", 60);
        }
        TenantTable.Row row = row(tokens.tenantId(), name, clock.instant(), limits);
        table.add(row);
        known.put(row.id(), row);
        return tenant(row);
    }

    /// Replaces the own limits of a tenant. They count from the next create on.
    ///
    /// @throws PlatformFailure.NotFound when there is none
    public Tenant limit(String id, OwnLimits limits) {
        TenantTable.Row old = Optional.ofNullable(known.get(id))
                .orElseThrow(() -> new PlatformFailure.NotFound("tenant_not_found", "there is no tenant of this id"));
        TenantTable.Row row = row(id, old.name(), old.created(), limits);
        table.limit(row);
        known.put(id, row);
        return tenant(row);
    }

    /// All of them, oldest first.
    public List<Tenant> list() {
        return table.all().stream().map(this::tenant).toList();
    }

    /// The tenant behind an owner id. One that is not known (a store of an older program) has the defaults.
    public Tenant get(String owner) {
        TenantTable.Row row = known.get(owner);
        return row != null ? tenant(row) : new Tenant(owner, owner, Instant.EPOCH, defaults);
    }

    public Limits limits(String owner) {
        return get(owner).limits();
    }

    private Tenant tenant(TenantTable.Row row) {
        Limits limits = new Limits(
                row.sandboxesMax().orElse(defaults.sandboxesMax()),
                row.createsPerSecondMax().orElse(defaults.createsPerSecondMax()),
                row.memoryMibMax().orElse(defaults.memoryMibMax()),
                row.egressConnectionsMax().orElse(defaults.egressConnectionsMax()),
                row.savedMibMax().orElse(defaults.savedMibMax()));
        return new Tenant(row.id(), row.name(), row.created(), limits);
    }
}
