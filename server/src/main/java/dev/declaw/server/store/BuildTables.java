package dev.declaw.server.store;

import java.util.List;

/// The step of the tables that adds templates that users build.
final class BuildTables {
    static final List<String> STEP = List.of(
            """
            CREATE TABLE templates (
              id TEXT PRIMARY KEY,
              owner TEXT NOT NULL,
              alias TEXT,
              version INTEGER NOT NULL,
              digest TEXT NOT NULL,
              definition TEXT NOT NULL,
              artifact TEXT NOT NULL,
              config TEXT NOT NULL,
              vcpus INTEGER NOT NULL,
              memory_mib INTEGER NOT NULL,
              disk_mib INTEGER NOT NULL,
              created_micros BIGINT NOT NULL)
            """,
            "CREATE INDEX templates_by_owner ON templates (owner, alias, version)",
            """
            CREATE TABLE builds (
              id TEXT PRIMARY KEY,
              owner TEXT NOT NULL,
              alias TEXT,
              status TEXT NOT NULL,
              template_id TEXT,
              sandbox_id TEXT,
              step INTEGER NOT NULL,
              steps INTEGER NOT NULL,
              error_code TEXT,
              error_message TEXT,
              error_step INTEGER,
              created_micros BIGINT NOT NULL,
              finished_micros BIGINT)
            """,
            "CREATE INDEX builds_by_owner ON builds (owner, created_micros)",
            """
            CREATE TABLE build_layers (
              layer_key TEXT PRIMARY KEY,
              owner TEXT NOT NULL,
              artifact TEXT NOT NULL,
              used_micros BIGINT NOT NULL)
            """);

    private BuildTables() {}
}
