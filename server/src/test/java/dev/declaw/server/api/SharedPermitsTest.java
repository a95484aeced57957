package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.server.api.SharedPermits.Outcome;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class SharedPermitsTest {
    private final SharedPermits permits = new SharedPermits(3, 2);

    @Test
    void oneTenantCannotKeepTheOthersOut() {
        assertThat(permits.tryAcquire("a")).isEqualTo(Outcome.TAKEN);
        assertThat(permits.tryAcquire("a")).isEqualTo(Outcome.TAKEN);
        assertThat(permits.tryAcquire("a")).isEqualTo(Outcome.TENANT_FULL);
        assertThat(permits.tryAcquire("b")).isEqualTo(Outcome.TAKEN);
        assertThat(permits.tryAcquire("b")).isEqualTo(Outcome.ALL_FULL);
        permits.release("a");
        assertThat(permits.tryAcquire("b")).as("the refusal took nothing of b's share").isEqualTo(Outcome.TAKEN);
    }

    @Test
    void whoeverStandsInLineGetsWhatIsGivenBack() throws Exception {
        for (int i = 0; i < 2; i++) permits.tryAcquire("a");
        assertThat(permits.acquire("a", Duration.ofMillis(20))).isEqualTo(Outcome.TENANT_FULL);
        Thread.ofVirtual().start(() -> permits.release("a"));
        assertThat(permits.acquire("a", Duration.ofSeconds(20))).isEqualTo(Outcome.TAKEN);
        permits.tryAcquire("b");
        assertThat(permits.acquire("b", Duration.ofMillis(20))).isEqualTo(Outcome.ALL_FULL);
    }
}
