package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.server.account.Accounts;
import dev.declaw.server.auth.Tenants;
import dev.declaw.server.lifecycle.Sandboxes;
import java.util.Optional;

/// Tenants, for the keys of administrators. An addition of ours: no official client knows it.
final class TenantEndpoints {
    private static final int NAME_CHARS_MAX = 128;

    private final Accounts accounts;
    private final Sandboxes sandboxes;

    TenantEndpoints(Accounts accounts, Sandboxes sandboxes) {
        this.accounts = accounts;
        this.sandboxes = sandboxes;
    }

    void list(HttpCall call) {
        ObjectNode answer = Json.object();
        ArrayNode list = answer.putArray("tenants");
        accounts.tenants().forEach(tenant -> list.add(json(tenant)));
        call.json(200, answer);
    }

    /// The answer holds the first key, which is shown this once.
    void create(HttpCall call) {
        JsonBody body = call.body();
        Accounts.NewTenant made =
                accounts.createTenant(call.caller(), body.requiredText("name", NAME_CHARS_MAX), limits(body));
        ObjectNode answer = json(made.tenant());
        answer.set("first_key", AccountEndpoints.json(made.key()));
        call.json(201, answer);
    }

    /// Replaces all limits: one that is left out follows the server's default again.
    void limit(HttpCall call) {
        Tenants.Tenant tenant = accounts.limitTenant(call.caller(), call.parameter("oid"), limits(call.body()));
        sandboxes.refreshLimits(tenant.id());
        call.json(200, json(tenant));
    }

    private static Tenants.OwnLimits limits(JsonBody body) {
        JsonBody limits = body.node("limits").map(node -> JsonBody.of("limits", node)).orElse(new JsonBody(Json.object()));
        return new Tenants.OwnLimits(
                limit(limits, "max_concurrent").map(Long::intValue),
                limit(limits, "max_creates_per_second").map(Long::intValue),
                limit(limits, "max_memory_mb"),
                limit(limits, "max_egress_connections").map(Long::intValue),
                limit(limits, "max_snapshot_mb"));
    }

    private static Optional<Long> limit(JsonBody limits, String name) {
        return limits.wholeNumber(name).map(value -> {
            if (value < 0 || value > Integer.MAX_VALUE) throw JsonBody.wrong("limits." + name, "must be 0 (none) or more");
            return value;
        });
    }

    private static ObjectNode json(Tenants.Tenant tenant) {
        ObjectNode node = Json.object();
        node.put("owner_id", tenant.id());
        node.put("name", tenant.name());
        node.put("created_at", Json.timestamp(tenant.created()));
        node.putObject("limits")
                .put("max_concurrent", tenant.limits().sandboxesMax())
                .put("max_creates_per_second", tenant.limits().createsPerSecondMax())
                .put("max_memory_mb", tenant.limits().memoryMibMax())
                .put("max_egress_connections", tenant.limits().egressConnectionsMax())
                .put("max_snapshot_mb", tenant.limits().savedMibMax());
        return node;
    }
}
