package dev.declaw.server.store;

import java.util.List;

/// The second step of the tables: tenants, keys with names and scopes, usage, the audit log across sandboxes, volumes, and the
/// vault. What existed is kept: the first owner becomes the first tenant.
final class ControlTables {
    static final List<String> STEP = List.of(
            """
            CREATE TABLE tenants (
              id TEXT PRIMARY KEY,
              name TEXT NOT NULL,
              created_micros BIGINT NOT NULL,
              sandboxes_max INTEGER,
              creates_per_second_max INTEGER,
              memory_mib_max BIGINT)
            """,
            "INSERT INTO tenants (id, name, created_micros) SELECT owner, owner, MIN(created_micros) FROM api_keys GROUP BY owner",
            "ALTER TABLE api_keys ADD COLUMN key_id TEXT",
            "ALTER TABLE api_keys ADD COLUMN name TEXT NOT NULL DEFAULT 'first key'",
            "ALTER TABLE api_keys ADD COLUMN masked TEXT NOT NULL DEFAULT 'dcl_...'",
            "ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT 'tenant,admin'",
            "ALTER TABLE api_keys ADD COLUMN expires_micros BIGINT",
            "ALTER TABLE api_keys ADD COLUMN revoked_micros BIGINT",
            "UPDATE api_keys SET key_id = 'key-' || substr(hash, 1, 16)",
            "CREATE UNIQUE INDEX api_keys_by_id ON api_keys (key_id)",
            """
            CREATE TABLE usage_days (
              owner TEXT NOT NULL,
              day BIGINT NOT NULL,
              sandboxes BIGINT NOT NULL,
              run_micros BIGINT NOT NULL,
              memory_mib_micros BIGINT NOT NULL,
              PRIMARY KEY (owner, day))
            """,
            "ALTER TABLE audit ADD COLUMN owner TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE audit ADD COLUMN position BIGINT NOT NULL DEFAULT 0",
            "UPDATE audit SET owner = COALESCE((SELECT owner FROM sandboxes WHERE sandboxes.id = audit.sandbox_id), '')",
            """
            CREATE TABLE audit_order AS
              SELECT event_id, ROW_NUMBER() OVER (ORDER BY time_micros, sandbox_id, sequence) AS position FROM audit
            """,
            "CREATE UNIQUE INDEX audit_order_by_event ON audit_order (event_id)",
            """
            UPDATE audit SET position =
              (SELECT audit_order.position FROM audit_order WHERE audit_order.event_id = audit.event_id)
            """,
            "DROP TABLE audit_order",
            "CREATE INDEX audit_by_owner ON audit (owner, position)",
            "CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
            "INSERT INTO counters (name, value) SELECT 'audit', COALESCE(MAX(position), 0) FROM audit",
            """
            CREATE TABLE volumes (
              id TEXT PRIMARY KEY,
              owner TEXT NOT NULL,
              name TEXT NOT NULL,
              backend TEXT NOT NULL,
              blob TEXT,
              size_bytes BIGINT NOT NULL,
              files BIGINT NOT NULL,
              quota_bytes BIGINT NOT NULL,
              revision BIGINT NOT NULL,
              content_type TEXT NOT NULL,
              created_micros BIGINT NOT NULL,
              updated_micros BIGINT NOT NULL)
            """,
            "CREATE INDEX volumes_by_owner ON volumes (owner, created_micros)",
            """
            CREATE TABLE volume_files (
              volume_id TEXT NOT NULL,
              path TEXT NOT NULL,
              parent TEXT NOT NULL,
              blob TEXT,
              size_bytes BIGINT NOT NULL,
              mode INTEGER NOT NULL,
              version BIGINT NOT NULL,
              modified_micros BIGINT NOT NULL,
              PRIMARY KEY (volume_id, path))
            """,
            "CREATE INDEX volume_files_by_parent ON volume_files (volume_id, parent)",
            """
            CREATE TABLE volume_locks (
              volume_id TEXT NOT NULL,
              path TEXT NOT NULL,
              token_hash TEXT NOT NULL,
              expires_micros BIGINT NOT NULL,
              PRIMARY KEY (volume_id, path))
            """,
            """
            CREATE TABLE sandbox_volumes (
              sandbox_id TEXT NOT NULL,
              place INTEGER NOT NULL,
              volume_id TEXT NOT NULL,
              mount_path TEXT NOT NULL,
              mode TEXT NOT NULL,
              subpath TEXT NOT NULL,
              PRIMARY KEY (sandbox_id, place))
            """,
            "CREATE INDEX sandbox_volumes_by_volume ON sandbox_volumes (volume_id)",
            """
            CREATE TABLE teams (
              id TEXT PRIMARY KEY,
              owner TEXT NOT NULL,
              name TEXT NOT NULL,
              created_micros BIGINT NOT NULL,
              UNIQUE (owner, name))
            """,
            """
            CREATE TABLE environments (
              id TEXT PRIMARY KEY,
              team_id TEXT NOT NULL,
              name TEXT NOT NULL,
              UNIQUE (team_id, name))
            """,
            """
            CREATE TABLE secrets (
              id TEXT PRIMARY KEY,
              owner TEXT NOT NULL,
              team_id TEXT NOT NULL,
              environment TEXT NOT NULL,
              env_id TEXT NOT NULL,
              name TEXT NOT NULL,
              sealed TEXT NOT NULL,
              scopes TEXT NOT NULL,
              rotation_days INTEGER NOT NULL,
              created_micros BIGINT NOT NULL,
              updated_micros BIGINT NOT NULL,
              rotated_micros BIGINT,
              UNIQUE (team_id, environment, name))
            """,
            """
            CREATE TABLE sandbox_secrets (
              sandbox_id TEXT NOT NULL,
              variable TEXT NOT NULL,
              secret_id TEXT NOT NULL,
              reference TEXT NOT NULL,
              PRIMARY KEY (sandbox_id, variable))
            """);

    private ControlTables() {}
}
