package dev.declaw.server.store;

import java.util.List;
import org.jdbi.v3.core.Handle;

/// The tables, as the list of steps that lead to them. A step, once released, is never changed: a new one is added.
/// Instants are microseconds since 1970 (BIGINT), JSON and hashes are TEXT, so that every SQL database can hold them.
final class Migrations {
    private static final List<List<String>> STEPS =
            List.of(firstTables(), ControlTables.STEP, SnapshotTables.STEP, BuildTables.STEP, QuotaColumns.STEP, SnapshotTables.RETENTION_STEP);

    private static List<String> firstTables() {
        return List.of(
            """
            CREATE TABLE sandboxes (
              id TEXT PRIMARY KEY,
              owner TEXT NOT NULL,
              template TEXT NOT NULL,
              state TEXT NOT NULL,
              execution_id TEXT NOT NULL,
              timeout_seconds BIGINT NOT NULL,
              created_micros BIGINT NOT NULL,
              started_micros BIGINT,
              deadline_micros BIGINT,
              ended_micros BIGINT,
              end_reason TEXT,
              guest_token TEXT NOT NULL,
              access_token TEXT NOT NULL,
              vcpus INTEGER NOT NULL,
              memory_mib INTEGER NOT NULL,
              policy_version INTEGER NOT NULL,
              metadata TEXT NOT NULL,
              envs TEXT NOT NULL,
              network TEXT,
              security TEXT,
              lifecycle TEXT)
            """,
            "CREATE INDEX sandboxes_by_owner ON sandboxes (owner, created_micros, id)",
            "CREATE INDEX sandboxes_by_state ON sandboxes (state, deadline_micros)",
            """
            CREATE TABLE api_keys (
              hash TEXT PRIMARY KEY,
              owner TEXT NOT NULL,
              created_micros BIGINT NOT NULL)
            """,
            """
            CREATE TABLE idempotency (
              owner TEXT NOT NULL,
              request_key TEXT NOT NULL,
              fingerprint TEXT NOT NULL,
              sandbox_id TEXT,
              response TEXT,
              created_micros BIGINT NOT NULL,
              PRIMARY KEY (owner, request_key))
            """,
            """
            CREATE TABLE audit (
              sandbox_id TEXT NOT NULL,
              sequence BIGINT NOT NULL,
              event_id TEXT NOT NULL UNIQUE,
              time_micros BIGINT NOT NULL,
              category TEXT NOT NULL,
              event TEXT NOT NULL,
              decision TEXT,
              host TEXT,
              scanner TEXT,
              json TEXT NOT NULL,
              hash TEXT NOT NULL,
              PRIMARY KEY (sandbox_id, sequence))
            """,
            """
            CREATE TABLE spool (
              name TEXT PRIMARY KEY,
              segment BIGINT NOT NULL,
              byte_offset BIGINT NOT NULL)
            """);
    }

    private Migrations() {}

    /// Applies the steps that are missing, each in a transaction of its own.
    ///
    /// @throws StoreException when the file has more steps than this version knows
    static void apply(Handle handle) {
        apply(handle, STEPS.size());
    }

    /// As an older program would: the first steps only.
    static void apply(Handle handle, int steps) {
        handle.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)");
        int version = handle.createQuery("SELECT COALESCE(MAX(version), 0) FROM schema_version")
                .mapTo(Integer.class)
                .one();
        if (version > STEPS.size()) {
            throw new StoreException(
                    "the database has schema version " + version + ", this program knows " + STEPS.size()
                            + ": start the newer program, or choose another DECLAW_HOME",
                    null);
        }
        for (int step = version; step < steps; step++) {
            int next = step + 1;
            List<String> statements = STEPS.get(step);
            handle.useTransaction(inside -> {
                statements.forEach(inside::execute);
                inside.execute("INSERT INTO schema_version (version) VALUES (?)", next);
            });
        }
    }
}
