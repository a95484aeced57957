package dev.declaw.server.store;

import java.util.List;

/// The step of the tables that adds what the limits of tenants on egress connections and on saved machines need, and variables whose
/// values are not shown.
final class QuotaColumns {
    static final List<String> STEP = List.of(
            "ALTER TABLE tenants ADD COLUMN egress_connections_max INTEGER",
            "ALTER TABLE tenants ADD COLUMN saved_mib_max BIGINT",
            "ALTER TABLE snapshots ADD COLUMN disk_bytes BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE sandboxes ADD COLUMN sensitive_envs TEXT NOT NULL DEFAULT '{}'");

    private QuotaColumns() {}
}
