package dev.declaw.model.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.Reason;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class AuditJsonTest {
    @Test
    @Tag("B128")
    void writesExactlyWhatTheTreeWrites() {
        Random random = new Random(5);
        for (int round = 0; round < 20_000; round++) {
            long nanos = switch (random.nextInt(4)) {
                case 0 -> 0;
                case 1 -> random.nextInt(1000) * 1_000_000L;
                case 2 -> random.nextInt(1_000_000) * 1_000L;
                default -> random.nextInt(1_000_000_000);
            };
            Instant time = Instant.ofEpochSecond(1_700_000_000L + random.nextInt(5), nanos);
            AuditEvent.Builder event = AuditEvent.builder("aud_" + round, time, text(random), AuditCategory.NETWORK, "egress_allowed")
                    .text("host", text(random))
                    .text("path", text(random))
                    .number("port", random.nextLong())
                    .counts("findings", random.nextBoolean() ? Map.of() : Map.of("ssn", random.nextInt(9), "email", 1));
            if (random.nextBoolean()) event.decision(Decision.deny(Reason.PII_BLOCKED, null));
            AuditEvent built = event.build();
            assertThat(AuditJson.write(built)).isEqualTo(built.toJson().toString());
        }
        AuditEvent raw = new AuditEvent(
                "\u0001\"\\/", Instant.EPOCH, "\b\t\n\f\r", AuditCategory.SECURITY, "\u001f\u007f\u00e9\u2028", Optional.of("\0"), Optional.empty(), Map.of("flag", true));
        assertThat(AuditJson.write(raw)).isEqualTo(raw.toJson().toString());
    }

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(20); i > 0; i--) text.append((char) (random.nextInt(6) == 0 ? random.nextInt(0x3000) : ' ' + random.nextInt(95)));
        return text.toString();
    }
}
