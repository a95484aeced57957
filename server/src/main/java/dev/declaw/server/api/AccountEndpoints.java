package dev.declaw.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.server.account.Accounts;
import dev.declaw.server.auth.ApiKeys;
import dev.declaw.server.auth.Scope;
import dev.declaw.server.auth.Tenants;
import dev.declaw.server.lifecycle.Sandboxes;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/// Account, keys and usage (wire-api 13). Nothing costs anything here, so amounts are zero; the members that clients read are
/// all there.
final class AccountEndpoints {
    private static final int NAME_CHARS_MAX = 128;
    private static final long LIFE_SECONDS_MAX = 10L * 366 * 24 * 3600;
    private static final String TIER = "enterprise"; // of the three that clients know, the one without a wallet
    private static final String NO_USD = "0.000000";

    private final Accounts accounts;
    private final Sandboxes sandboxes;

    AccountEndpoints(Accounts accounts, Sandboxes sandboxes) {
        this.accounts = accounts;
        this.sandboxes = sandboxes;
    }

    private Tenants.Tenant own(HttpCall call) {
        return accounts.own(call.caller(), call.parameter("oid"));
    }

    void whoAmI(HttpCall call) {
        ObjectNode answer = Json.object();
        answer.put("owner_id", call.owner());
        answer.put("key_id", call.caller().keyId());
        answer.put("key_name", call.caller().keyName());
        answer.put("tier", TIER);
        ArrayNode scopes = answer.putArray("scopes");
        call.caller().scopes().stream().sorted().forEach(scope -> scopes.add(scope.wire()));
        call.json(200, answer);
    }

    void account(HttpCall call) {
        Tenants.Tenant tenant = own(call);
        ObjectNode answer = Json.object();
        answer.put("owner_id", tenant.id());
        answer.put("name", tenant.name());
        answer.put("email", "");
        answer.put("tier", TIER);
        answer.put("created_at", Json.timestamp(tenant.created()));
        putWallet(answer);
        call.json(200, answer);
    }

    private static void putWallet(ObjectNode node) {
        node.put("sandbox_free_micros", 0);
        node.put("guardrails_free_micros", 0);
        node.put("balance_micros", 0);
    }

    void wallet(HttpCall call) {
        own(call);
        ObjectNode answer = Json.object();
        putWallet(answer.putObject("wallet"));
        call.json(200, answer);
    }

    /// The union of what the clients read (wire-api 13, #87).
    void usage(HttpCall call) {
        Tenants.Tenant tenant = own(call);
        Accounts.Use use = use(call, tenant);
        ObjectNode answer = Json.object();
        answer.put("owner_id", tenant.id());
        answer.put("since", Json.timestamp(use.first().atStartOfDay().toInstant(ZoneOffset.UTC)));
        answer.put("until", Json.timestamp(use.last().plusDays(1).atStartOfDay().toInstant(ZoneOffset.UTC)));
        answer.put("sandbox_count", use.sandboxes());
        answer.put("total_seconds", rounded(use.seconds()));
        answer.put("total_cost_micros", 0);
        answer.put("total_cost_usd", NO_USD);
        answer.put("sandbox_balance_remaining_micros", 0);
        answer.put("balance_remaining_micros", 0);
        answer.put("guardrails_cost_micros", 0);
        answer.put("guardrails_cost_usd", NO_USD);
        answer.put("guardrails_balance_remaining_micros", 0);
        answer.putObject("compute")
                .put("sandbox_count", use.sandboxes())
                .put("total_seconds", rounded(use.seconds()))
                .put("memory_mib_seconds", rounded(use.memoryMibSeconds()))
                .put("cost_micros", 0);
        answer.putObject("guardrails").put("cost_micros", 0);
        call.json(200, answer);
    }

    void dailyUsage(HttpCall call) {
        ObjectNode answer = Json.object();
        ArrayNode days = answer.putArray("days");
        for (Accounts.DayUse day : use(call, own(call)).days()) {
            days.addObject()
                    .put("date", day.day().toString())
                    .put("sandbox_count", day.sandboxes())
                    .put("total_seconds", rounded(day.seconds()))
                    .put("memory_mib_seconds", rounded(day.memoryMibSeconds()))
                    .put("compute_cost_micros", 0)
                    .put("guardrails_cost_micros", 0)
                    .put("total_cost_micros", 0);
        }
        call.json(200, answer);
    }

    private Accounts.Use use(HttpCall call, Tenants.Tenant tenant) {
        return accounts.use(
                tenant.id(),
                call.query().given("start").map(text -> day("start", text)),
                call.query().given("end").map(text -> day("end", text)));
    }

    private static double rounded(double seconds) {
        return Math.round(seconds * 1000) / 1000.0;
    }

    /// A date, or the day (UTC) of a time.
    private static LocalDate day(String name, String text) {
        try {
            return text.length() <= 10
                    ? LocalDate.parse(text)
                    : LocalDate.ofInstant(OffsetDateTime.parse(text.replace(' ', '+')).toInstant(), ZoneOffset.UTC);
        } catch (DateTimeException e) {
            throw JsonBody.wrong(name, "must be a date such as 2026-01-31, or a time such as 2026-01-31T03:04:05Z");
        }
    }

    /// There are none. Clients page through them all the same.
    void deposits(HttpCall call) {
        own(call);
        call.query().number("limit", 20, 1, 1000);
        call.query().number("offset", 0, 0, Integer.MAX_VALUE);
        ObjectNode answer = Json.object();
        answer.putArray("deposits");
        answer.putArray("entries");
        answer.put("total", 0).put("has_more", false);
        call.json(200, answer);
    }

    void overview(HttpCall call) {
        Tenants.Tenant tenant = own(call);
        Tenants.Limits limits = tenant.limits();
        Accounts.Use today = accounts.today(tenant.id());
        ObjectNode answer = Json.object();
        answer.put("owner_id", tenant.id());
        answer.put("tier", TIER);
        answer.put("active_sandboxes", sandboxes.living(tenant));
        putWallet(answer.putObject("wallets"));
        answer.putObject("today")
                .put("sandbox_count", today.sandboxes())
                .put("total_seconds", rounded(today.seconds()))
                .put("compute_cost_micros", 0)
                .put("guardrails_cost_micros", 0)
                .put("total_cost_micros", 0);
        answer.putObject("tier_limits")
                .put("max_concurrent", limits.sandboxesMax() == 0 ? sandboxes.sandboxesMax() : limits.sandboxesMax())
                .put("max_creates_per_second", limits.createsPerSecondMax())
                .put("max_vcpus", 0)
                .put("max_memory_mb", limits.memoryMibMax())
                .put("max_egress_connections", limits.egressConnectionsMax())
                .put("max_snapshot_mb", limits.savedMibMax());
        call.json(200, answer);
    }

    void createKey(HttpCall call) {
        own(call);
        JsonBody body = call.body();
        ApiKeys.NewKey key = accounts.createKey(
                call.caller(),
                body.text("name", NAME_CHARS_MAX).orElse("unnamed"),
                scopes(body),
                body.wholeNumber("expires_in_seconds").map(AccountEndpoints::life));
        call.json(201, json(key));
    }

    static ObjectNode json(ApiKeys.NewKey key) {
        return Json.object().put("key_id", key.keyId()).put("api_key", key.key()).put("name", key.name());
    }

    private static Duration life(long seconds) {
        if (seconds < 1 || seconds > LIFE_SECONDS_MAX) {
            throw JsonBody.wrong("expires_in_seconds", "must be a number of seconds from 1 to " + LIFE_SECONDS_MAX);
        }
        return Duration.ofSeconds(seconds);
    }

    private static Set<Scope> scopes(JsonBody body) {
        Optional<JsonNode> node = body.node("scopes");
        Set<Scope> scopes = new HashSet<>();
        if (node.isEmpty()) return scopes;
        if (!node.get().isArray() || node.get().isEmpty()) throw wrongScopes();
        for (JsonNode word : node.get()) {
            if (!word.isTextual()) throw wrongScopes();
            scopes.addAll(Scope.parse(word.textValue()).orElseThrow(AccountEndpoints::wrongScopes));
        }
        return scopes;
    }

    private static RuntimeException wrongScopes() {
        return JsonBody.wrong("scopes", "must be an array of " + String.join(", ", Scope.words()));
    }

    void listKeys(HttpCall call) {
        own(call);
        ObjectNode answer = Json.object();
        ArrayNode list = answer.putArray("api_keys");
        for (ApiKeys.KeyInfo key : accounts.keys(call.caller())) {
            ObjectNode node = list.addObject();
            node.put("key_id", key.keyId());
            node.put("name", key.name());
            node.put("masked_key", key.masked());
            node.put("created_at", Json.timestamp(key.created()));
            node.put("expires_at", key.expires().map(Json::timestamp).orElse(null));
            node.put("revoked", key.revoked());
            ArrayNode scopes = node.putArray("scopes");
            key.scopes().forEach(scopes::add);
        }
        call.json(200, answer);
    }

    void revokeKey(HttpCall call) {
        own(call);
        call.json(200, Json.object().put("revoked", accounts.revokeKey(call.caller(), call.parameter("kid"))));
    }
}
