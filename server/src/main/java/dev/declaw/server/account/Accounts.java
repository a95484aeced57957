package dev.declaw.server.account;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.audit.AdminEvents;
import dev.declaw.server.auth.ApiKeys;
import dev.declaw.server.auth.Caller;
import dev.declaw.server.auth.Scope;
import dev.declaw.server.auth.Tenants;
import dev.declaw.server.store.UsageTable;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What callers do with their account, and administrators with others. Each change is recorded before it is made. Thread-safe.
public final class Accounts {
    private static final int DAYS_DEFAULT = 30;
    private static final int DAYS_MAX = 3660;

    private final ApiKeys keys;
    private final Tenants tenants;
    private final UsageTable usage;
    private final AdminEvents events;
    private final InstantSource clock;

    /// @param seconds time that sandboxes ran
    /// @param memoryMibSeconds the same, times the memory of each
    public record DayUse(LocalDate day, long sandboxes, double seconds, double memoryMibSeconds) {}

    /// @param first day of the range, UTC
    /// @param days those with any use, in order
    public record Use(LocalDate first, LocalDate last, List<DayUse> days) {
        public long sandboxes() {
            return days.stream().mapToLong(DayUse::sandboxes).sum();
        }

        public double seconds() {
            return days.stream().mapToDouble(DayUse::seconds).sum();
        }

        public double memoryMibSeconds() {
            return days.stream().mapToDouble(DayUse::memoryMibSeconds).sum();
        }
    }

    /// A tenant that was just made, with its first key.
    public record NewTenant(Tenants.Tenant tenant, ApiKeys.NewKey key) {}

    public Accounts(ApiKeys keys, Tenants tenants, UsageTable usage, AdminEvents events, InstantSource clock) {
        this.keys = keys;
        this.tenants = tenants;
        this.usage = usage;
        this.events = events;
        this.clock = clock;
    }

    /// The account of this id, which is the caller's own: every other id, known or not, is refused alike (wire-api 13).
    ///
    /// @throws PlatformFailure.PermissionDenied for any other
    public Tenants.Tenant own(Caller caller, String owner) {
        if (!caller.owner().equals(owner)) {
            throw new PlatformFailure.PermissionDenied(
                    "other_account", "this key belongs to another account; GET /auth/me says to which");
        }
        return tenants.get(owner);
    }

    /// Makes a key of the caller's tenant.
    ///
    /// @param scopes empty for all of the tenant's that the caller holds
    /// @param life how long it is valid; empty for as long as the caller's own key is
    /// @throws PlatformFailure.PermissionDenied for scopes that the caller does not hold itself, and for a life beyond its own
    public ApiKeys.NewKey createKey(Caller caller, String name, Set<Scope> scopes, Optional<Duration> life) {
        Set<Scope> given = scopes.isEmpty()
                ? caller.scopes().stream().filter(Scope.TENANT::contains).collect(java.util.stream.Collectors.toSet())
                : scopes;
        if (!caller.scopes().containsAll(given)) {
            throw new PlatformFailure.PermissionDenied("scope_not_held", "a key can only pass on scopes that it has itself");
        }
        Optional<Instant> expires = life.map(clock.instant()::plus).or(caller::expires);
        if (caller.expires().isPresent() && expires.orElseThrow().isAfter(caller.expires().get())) {
            throw new PlatformFailure.PermissionDenied(
                    "expiry_not_held", "a key that expires can make only keys that expire no later: ask for a smaller expires_in_seconds");
        }
        events.record(caller, "api_key_created", facts -> facts.text("name", name)
                .text("scopes", given.stream().sorted().map(Scope::wire).toList().toString()));
        return keys.create(caller.owner(), name, given, expires);
    }

    public List<ApiKeys.KeyInfo> keys(Caller caller) {
        return keys.list(caller.owner());
    }

    /// @return false when it was revoked before
    public boolean revokeKey(Caller caller, String keyId) {
        if (keys.list(caller.owner()).stream().noneMatch(key -> key.keyId().equals(keyId))) {
            throw new PlatformFailure.NotFound("key_not_found", "there is no API key of this id");
        }
        events.record(caller, "api_key_revoked", facts -> facts.text("revoked_key_id", keyId));
        return keys.revoke(caller.owner(), keyId);
    }

    /// What the account used between two instants' days, both inclusive.
    ///
    /// @param first empty for [#DAYS_DEFAULT] days before the last
    /// @param last empty for today
    public Use use(String owner, Optional<LocalDate> first, Optional<LocalDate> last) {
        Instant now = clock.instant();
        LocalDate end = last.orElse(LocalDate.ofInstant(now, ZoneOffset.UTC));
        LocalDate begin = first.orElse(end.minusDays(DAYS_DEFAULT));
        if (begin.isAfter(end)) throw new PlatformFailure.InvalidRequest("invalid_request", "start is after end");
        if (begin.plusDays(DAYS_MAX).isBefore(end)) {
            throw new PlatformFailure.InvalidRequest("invalid_request", "start and end are more than " + DAYS_MAX + " days apart");
        }
        List<DayUse> days = usage.days(owner, begin.toEpochDay(), end.toEpochDay(), now).stream()
                .map(day -> new DayUse(
                        LocalDate.ofEpochDay(day.day()), day.sandboxes(), day.runMicros() / 1e6, day.memoryMibMicros() / 1e6))
                .toList();
        return new Use(begin, end, days);
    }

    /// What the account used today.
    public Use today(String owner) {
        LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
        return use(owner, Optional.of(today), Optional.of(today));
    }

    /// Makes a tenant with a first key that has all of a tenant's scopes.
    public NewTenant createTenant(Caller admin, String name, Tenants.OwnLimits limits) {
        events.record(admin, "tenant_created", facts -> facts.text("name", name));
        Tenants.Tenant tenant = tenants.create(name, limits);
        return new NewTenant(tenant, keys.create(tenant.id(), "first key", Scope.TENANT, Optional.empty()));
    }

    public Tenants.Tenant limitTenant(Caller admin, String id, Tenants.OwnLimits limits) {
        events.record(admin, "tenant_limits_set", facts -> facts.text("tenant", id));
        return tenants.limit(id, limits);
    }

    public List<Tenants.Tenant> tenants() {
        return tenants.list();
    }
}
