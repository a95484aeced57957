package dev.declaw.server.store;

import java.util.List;

/// The steps of the tables that add snapshots.
final class SnapshotTables {
    static final List<String> STEP = List.of(
            """
            CREATE TABLE snapshots (
              id TEXT PRIMARY KEY,
              sandbox_id TEXT NOT NULL,
              owner TEXT NOT NULL,
              source TEXT NOT NULL,
              complete INTEGER NOT NULL,
              template TEXT NOT NULL,
              vcpus INTEGER NOT NULL,
              memory_mib INTEGER NOT NULL,
              memory_bytes BIGINT NOT NULL,
              still_millis BIGINT NOT NULL,
              created_micros BIGINT NOT NULL)
            """,
            "CREATE INDEX snapshots_by_sandbox ON snapshots (sandbox_id, created_micros)",
            "CREATE INDEX snapshots_by_owner ON snapshots (owner, created_micros, id)");

    /// What snapshots take, and until when they are kept.
    static final List<String> RETENTION_STEP = List.of(
            "ALTER TABLE snapshots ADD COLUMN size_bytes BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE snapshots ADD COLUMN stored_bytes BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE snapshots ADD COLUMN expires_micros BIGINT",
            "CREATE INDEX snapshots_by_end ON snapshots (expires_micros)");

    private SnapshotTables() {}
}
