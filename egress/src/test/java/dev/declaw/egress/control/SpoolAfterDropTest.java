package dev.declaw.egress.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.declaw.egress.audit.AuditSpool;
import dev.declaw.egress.audit.AuditSpoolReader;
import dev.declaw.egress.audit.TestJvm;
import dev.declaw.linux.Credentials;
import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.audit.AuditEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SpoolAfterDropTest {
    private static final int UID = 1_999_996;

    @TempDir
    Path directory;

    /// Opens the spool in its working directory as root, becomes an ordinary user, and goes on to the next segments.
    static final class Child {
        public static void main(String[] arguments) throws IOException {
            ArchiveFiles.openAll();
            AuditSpool spool = AuditSpool.open(Path.of("."), new AuditSpool.Limits(1000, 10_000));
            Credentials.drop(UID, UID, 256);
            for (int i = 0; i < 30; i++) {
                spool.record(AuditEvent.builder(
                                "aud_%024x".formatted(i), Instant.EPOCH, "sbx-0123abcd", AuditCategory.DNS, "dns_query")
                        .build());
            }
        }
    }

    @Test
    void theSpoolIsWrittenOnAlthoughTheDirectoriesAboveItAreClosed() throws Exception {
        assumeThat(Files.isReadable(Path.of("/etc/shadow"))).as("needs root").isTrue();
        Path closed = Files.createDirectory(
                directory.resolve("closed"), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path spool = Files.createDirectory(closed.resolve("spool"));
        Files.setAttribute(spool, "unix:uid", UID);

        Process child = new ProcessBuilder(TestJvm.command(Child.class))
                .directory(spool.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            assertThat(child.waitFor(50, TimeUnit.SECONDS)).isTrue();
            assertThat(child.exitValue()).isZero();
        } finally {
            child.destroyForcibly().waitFor();
        }
        AuditSpoolReader reader = new AuditSpoolReader(spool);
        int events = 0;
        AuditSpoolReader.Position position = AuditSpoolReader.Position.START;
        for (var batch = reader.poll(position, 100); !batch.next().equals(position); batch = reader.poll(position, 100)) {
            events += batch.events().size();
            position = batch.next();
        }
        assertThat(events).isEqualTo(30);
        assertThat(position.segment()).isGreaterThan(3);
    }
}
