package dev.declaw.sdk;

import dev.declaw.sdk.internal.Checks;
import dev.declaw.sdk.internal.Http;
import dev.declaw.sdk.internal.Http.Call;
import dev.declaw.sdk.internal.Query;
import dev.declaw.sdk.json.JsonObject;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;

/// Who the key belongs to, what was used, and further keys. Thread-safe.
public final class Account {
    private final Http http;

    Account(Http http) {
        this.http = http;
    }

    /// @param maskedKey what may be shown
    public record Key(String id, String name, String maskedKey, String createdAt, boolean revoked) {}

    /// A key that was just made: the only time that [#secret] is there.
    public record NewKey(String id, String name, String secret) {
        @Override
        public String toString() {
            return "NewKey[" + id + ", " + name + "]";
        }
    }

    public JsonObject me() {
        return http.get("/auth/me");
    }

    public JsonObject usage(Optional<LocalDate> start, Optional<LocalDate> end) {
        return http.get(path("/usage") + new Query().with("start", start).with("end", end));
    }

    public List<JsonObject> dailyUsage(Optional<LocalDate> start, Optional<LocalDate> end) {
        return http.get(path("/usage/daily") + new Query().with("start", start).with("end", end)).objects("days");
    }

    public NewKey createKey(String name) {
        JsonObject made = http.send(Call.of("POST", path("/api-keys")).with(new JsonObject().put("name", name)));
        return new NewKey(made.text("key_id"), made.text("name"), made.text("api_key"));
    }

    public List<Key> keys() {
        return http.get(path("/api-keys")).objects("api_keys").stream()
                .map(row -> new Key(
                        row.text("key_id"),
                        row.text("name"),
                        row.text("masked_key"),
                        row.text("created_at"),
                        row.flag("revoked")))
                .toList();
    }

    public void revokeKey(String keyId) {
        http.send(Call.of("DELETE", path("/api-keys/") + Checks.id("keyId", keyId)));
    }

    /// Rule packs that a policy can name with `policy_ref`.
    public List<JsonObject> packs() {
        return http.get("/governance/packs").objects("packs");
    }

    private String path(String rest) {
        return "/accounts/" + Checks.encode(me().text("owner_id")) + rest;
    }
}
