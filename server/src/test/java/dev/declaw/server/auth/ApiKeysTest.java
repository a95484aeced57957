package dev.declaw.server.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.server.store.ApiKeyTable;
import dev.declaw.server.store.Database;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ApiKeysTest {
    @TempDir
    Path home;

    private ApiKeys open(Database database) throws IOException {
        return ApiKeys.open(
                new ApiKeyTable(database), home.resolve("api-key"), new RandomTokens(), InstantSource.system());
    }

    @Test
    void theFirstStartMakesAKeyThatOnlyItsOwnerCanReadAndTheStoreHoldsItsHashAlone() throws Exception {
        Path file = home.resolve("db");
        String key;
        try (Database database = Database.open(file)) {
            ApiKeys keys = open(database);
            key = Files.readString(home.resolve("api-key")).strip();
            assertThat(key).matches("dcl_[0-9a-f]{48}");
            assertThat(keys.owner("Bearer " + key, null)).isEqualTo("owner-1");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve("api-key"))))
                    .isEqualTo("rw-------");
            assertThat(new ApiKeyTable(database).all().toString()).doesNotContain(key.substring(4));
        }
        try (Database again = Database.open(file)) {
            assertThat(open(again).owner(null, key)).isEqualTo("owner-1");
            assertThat(new ApiKeyTable(again).all()).hasSize(1);
        }
        try (Database fresh = Database.open(home.resolve("another-db"))) {
            assertThat(open(fresh).owner(null, key)).isEqualTo("owner-1");
        }
    }

    @Test
    void aFileThatHoldsNoKeyStopsTheStart() throws Exception {
        Files.writeString(home.resolve("api-key"), "password");
        try (Database database = Database.open(home.resolve("db"))) {
            assertThatThrownBy(() -> open(database)).isInstanceOf(IOException.class).hasMessageContaining("remove it");
        }
    }
}
