package dev.declaw.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.audit.AuditEvent;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MigrationsTest {
    @TempDir
    Path home;

    @Test
    void aStoreOfTheFirstVersionKeepsItsKeyItsOwnerAndItsAuditOrder() {
        Path file = home.resolve("db");
        try (Handle handle = Jdbi.open("jdbc:sqlite:" + file)) {
            Migrations.apply(handle, 1);
            handle.execute("INSERT INTO api_keys VALUES ('00112233445566778899', 'owner-1', 7)");
            handle.execute("INSERT INTO sandboxes (id, owner, template, state, execution_id, timeout_seconds, created_micros, "
                    + "guest_token, access_token, vcpus, memory_mib, policy_version, metadata, envs) "
                    + "VALUES ('sbx-1', 'owner-1', 'base', 'KILLED', 'e', 0, 7, 't', 't', 1, 1, 1, '{}', '{}')");
            for (int i = 3; i >= 1; i--) {
                handle.execute("INSERT INTO audit VALUES ('sbx-1', ?, ?, ?, 'network', 'e', NULL, NULL, NULL, ?, 'h')", i, "aud_" + i, i, "{\"n\":" + i + "}");
            }
        }
        try (Database database = Database.open(file)) {
            ApiKeyTable.Row key = new ApiKeyTable(database).all().get("00112233445566778899");
            assertThat(key.keyId()).isEqualTo("key-0011223344556677");
            assertThat(key.scopes()).isEqualTo("tenant,admin");
            assertThat(new TenantTable(database).all()).extracting(TenantTable.Row::id).containsExactly("owner-1");
            AuditTable audit = new AuditTable(database);
            audit.append(List.of(AuditEvent.builder("aud_4", Instant.EPOCH, "sbx-1", AuditCategory.NETWORK, "e").build()));
            assertThat(audit.pageOfOwner("owner-1", Optional.empty(), AuditTable.Filter.ALL, false, 0, 10))
                    .extracting(AuditTable.PlacedRow::position)
                    .containsExactly(1L, 2L, 3L, 4L);
            assertThat(audit.pageOfOwner("owner-1", Optional.empty(), AuditTable.Filter.ALL, false, 1, 1))
                    .extracting(row -> row.row().json())
                    .containsExactly("{\"n\":2}");
        }
    }
}
