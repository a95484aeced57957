package dev.declaw.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DatabaseTest {
    @TempDir
    Path home;

    @Test
    void aFailedWriteUndoesItselfAndNotItsNeighboursInTheSameCommit() throws Exception {
        try (Database database = Database.open(home.resolve("db"))) {
            database.write(handle -> handle.execute("CREATE TABLE t (n INTEGER PRIMARY KEY)"));
            List<Thread> writers = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                int n = i;
                writers.add(Thread.startVirtualThread(() -> {
                    try {
                        database.write(handle -> {
                            handle.execute("INSERT INTO t VALUES (?)", n);
                            if (n % 3 == 0) handle.execute("INSERT INTO t VALUES (?)", n);
                            return null;
                        });
                    } catch (StoreException e) {
                        assertThat(n % 3).isZero();
                    }
                }));
            }
            for (Thread writer : writers) writer.join();
            List<Integer> stored = database.read(handle ->
                    handle.createQuery("SELECT n FROM t").mapTo(Integer.class).list());
            assertThat(stored).hasSize(133).allMatch(n -> n % 3 != 0);
        }
    }

    @Test
    void aFileOfANewerVersionIsRefusedAndOneOfThisVersionOpensAgain() {
        Path file = home.resolve("db");
        Database.open(file).close();
        try (Database database = Database.open(file)) {
            database.write(handle -> handle.execute("INSERT INTO schema_version (version) VALUES (99)"));
        }
        assertThatThrownBy(() -> Database.open(file)).isInstanceOf(StoreException.class).hasMessageContaining("99");
    }

    @Test
    void aClosedDatabaseRefusesInsteadOfWaiting() {
        Database database = Database.open(home.resolve("db"));
        database.close();
        assertThatThrownBy(() -> database.write(handle -> null)).isInstanceOf(StoreException.class);
        assertThatThrownBy(() -> database.read(handle -> null)).isInstanceOf(StoreException.class);
    }
}
