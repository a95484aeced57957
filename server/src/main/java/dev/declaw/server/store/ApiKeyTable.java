package dev.declaw.server.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// API keys by their SHA-256; the keys themselves are nowhere.
public final class ApiKeyTable {
    private final Database database;

    public ApiKeyTable(Database database) {
        this.database = database;
    }

    /// One key, without the key.
    ///
    /// @param masked what its holder recognises it by
    /// @param scopes names, comma-separated
    public record Row(
            String keyId,
            String hash,
            String owner,
            String name,
            String masked,
            String scopes,
            Instant created,
            Optional<Instant> expires,
            Optional<Instant> revoked) {}

    /// Adds a key; does nothing when it is there.
    public void add(Row row) {
        database.write(handle -> handle.createUpdate(
                        """
                        INSERT INTO api_keys (key_id, hash, owner, name, masked, scopes, created_micros, expires_micros)
                        VALUES (:id, :hash, :owner, :name, :masked, :scopes, :created, :expires)
                        ON CONFLICT (hash) DO NOTHING
                        """)
                .bind("id", row.keyId())
                .bind("hash", row.hash())
                .bind("owner", row.owner())
                .bind("name", row.name())
                .bind("masked", row.masked())
                .bind("scopes", row.scopes())
                .bind("created", Micros.of(row.created()))
                .bind("expires", row.expires().map(Micros::of).orElse(null))
                .execute());
    }

    /// Marks a key of this owner as revoked; false when there is none, or it is revoked already.
    public boolean revoke(String owner, String keyId, Instant now) {
        return database.write(handle -> handle.createUpdate(
                        """
                        UPDATE api_keys SET revoked_micros = :now
                        WHERE owner = :owner AND key_id = :id AND revoked_micros IS NULL
                        """)
                .bind("now", Micros.of(now))
                .bind("owner", owner)
                .bind("id", keyId)
                .execute())
                == 1;
    }

    /// Keys of one owner, oldest first, the revoked ones too.
    public List<Row> of(String owner) {
        return database.read(handle -> handle.createQuery(
                        "SELECT * FROM api_keys WHERE owner = :owner ORDER BY created_micros, key_id")
                .bind("owner", owner)
                .map((results, _) -> row(results))
                .list());
    }

    /// All keys by hash.
    public Map<String, Row> all() {
        return database.read(handle -> {
            Map<String, Row> keys = new TreeMap<>();
            handle.createQuery("SELECT * FROM api_keys")
                    .map((results, _) -> row(results))
                    .forEach(row -> keys.put(row.hash(), row));
            return keys;
        });
    }

    private static Row row(ResultSet results) throws SQLException {
        return new Row(
                results.getString("key_id"),
                results.getString("hash"),
                results.getString("owner"),
                results.getString("name"),
                results.getString("masked"),
                results.getString("scopes"),
                Micros.instant(results.getLong("created_micros")),
                Micros.optional(results, "expires_micros"),
                Micros.optional(results, "revoked_micros"));
    }
}
