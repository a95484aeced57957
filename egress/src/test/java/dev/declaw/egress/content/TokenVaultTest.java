package dev.declaw.egress.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.egress.content.TokenVault.VaultFullException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class TokenVaultTest {
    @Test
    void theSameValueAndTypeHaveTheSameTokenWhateverTheHost() {
        TokenVault vault = new TokenVault();
        assertThat(vault.tokenFor("ssn", "a", "x")).isEqualTo("REDACTED_SSN_1");
        assertThat(vault.tokenFor("ssn", "b", "x")).isEqualTo("REDACTED_SSN_2");
        assertThat(vault.tokenFor("credit_card", "a", "x")).isEqualTo("REDACTED_CREDIT_CARD_1");
        assertThat(vault.valueOf("REDACTED_SSN_1", "y")).isEmpty();
        assertThat(vault.tokenFor("ssn", "a", "y")).isEqualTo("REDACTED_SSN_1");
        assertThat(vault.valueOf("REDACTED_SSN_1", "y")).contains("a");
        assertThat(vault.toString()).doesNotContain("a,").isEqualTo("TokenVault[3 tokens]");
    }

    @Test
    void aFullVaultMintsNothingMoreButKeepsWhatItHas() {
        TokenVault few = new TokenVault(2, 1_000);
        few.tokenFor("ssn", "a", "x");
        few.tokenFor("ssn", "b", "x");
        assertThatThrownBy(() -> few.tokenFor("ssn", "c", "x")).isInstanceOf(VaultFullException.class);
        assertThat(few.tokenFor("ssn", "a", "x")).isEqualTo("REDACTED_SSN_1");
        TokenVault small = new TokenVault(100, 10);
        small.tokenFor("ssn", "12345", "x");
        assertThatThrownBy(() -> small.tokenFor("ssn", "67890", "x")).isInstanceOf(VaultFullException.class);
        assertThatThrownBy(() -> small.tokenFor("ssn", "12345", "another-host")).isInstanceOf(VaultFullException.class);
        assertThat(small.valueOf("REDACTED_SSN_1", "x")).contains("12345");
    }

    @Test
    void manyThreadsNeverShareATokenBetweenValues() throws Exception {
        TokenVault vault = new TokenVault();
        List<Callable<Map<String, String>>> tasks = new ArrayList<>();
        for (int t = 0; t < 8; t++) {
            tasks.add(() -> {
                Map<String, String> tokens = new HashMap<>();
                for (int i = 0; i < 500; i++) tokens.put("v" + i, vault.tokenFor("email", "v" + i, "x"));
                return tokens;
            });
        }
        try (var threads = Executors.newFixedThreadPool(8)) {
            Map<String, String> first = null;
            for (var result : threads.invokeAll(tasks)) {
                if (first == null) first = result.get();
                assertThat(result.get()).isEqualTo(first);
            }
            assertThat(first.values()).doesNotHaveDuplicates().hasSize(500);
        }
    }
}
