package dev.declaw.server.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.egress.audit.AuditSpool;
import dev.declaw.egress.audit.AuditSpoolReader;
import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.audit.AuditEvent;
import dev.declaw.server.store.AuditTable;
import dev.declaw.server.store.Database;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SpoolIngestTest {
    private static final String SANDBOX = "sbx-00000001";
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05.123456Z");

    @TempDir
    Path home;

    private static AuditEvent event(int number, String sandbox) {
        return AuditEvent.builder("aud_" + number, NOW, sandbox, AuditCategory.NETWORK, "egress_allowed")
                .text("host", "a.example.test")
                .build();
    }

    @Test
    void eachEventIsTakenOnceAlsoByTheNextServer() throws Exception {
        Path directory = Files.createDirectory(home.resolve("spool"));
        Path file = home.resolve("db");
        try (AuditSpool spool = AuditSpool.open(directory, AuditSpool.Limits.DEFAULT)) {
            spool.record(event(1, SANDBOX));
            spool.record(event(2, "sbx-00000002"));
            try (Database database = Database.open(file)) {
                AuditLog log = new AuditLog(new AuditTable(database));
                SpoolIngest ingest = new SpoolIngest(new AuditSpoolReader(directory), log, SANDBOX::equals);
                ingest.drain();
                ingest.drain();
                assertThat(log.page(SANDBOX, AuditQuery.all(0))).hasSize(1);
                assertThat(log.page("sbx-00000002", AuditQuery.all(0))).isEmpty();
            }
            spool.record(event(3, SANDBOX));
            try (Database database = Database.open(file)) {
                AuditLog log = new AuditLog(new AuditTable(database));
                SpoolIngest ingest = new SpoolIngest(new AuditSpoolReader(directory), log, any -> true);
                ingest.start();
                ingest.drain();
                assertThat(log.page(SANDBOX, AuditQuery.all(0))).extracting(AuditEntry::sequence).containsExactly(1L, 2L);
                assertThat(log.verify(SANDBOX).brokenAt()).isEmpty();
                ingest.close();
            }
        }
    }
}
