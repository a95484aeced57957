package dev.declaw.server.store;

import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

/// API keys by their SHA-256; the keys themselves are nowhere.
public final class ApiKeyTable {
    private final Database database;

    public ApiKeyTable(Database database) {
        this.database = database;
    }

    /// Adds a key; does nothing when it is there.
    public void add(String hash, String owner, Instant created) {
        database.write(handle -> handle.createUpdate(
                        "INSERT INTO api_keys (hash, owner, created_micros) VALUES (:hash, :owner, :created) "
                                + "ON CONFLICT (hash) DO NOTHING")
                .bind("hash", hash)
                .bind("owner", owner)
                .bind("created", Micros.of(created))
                .execute());
    }

    /// Owner by hash.
    public Map<String, String> all() {
        return database.read(handle -> {
            Map<String, String> owners = new TreeMap<>();
            handle.createQuery("SELECT hash, owner FROM api_keys")
                    .map((results, _) -> Map.entry(results.getString("hash"), results.getString("owner")))
                    .forEach(entry -> owners.put(entry.getKey(), entry.getValue()));
            return owners;
        });
    }
}
