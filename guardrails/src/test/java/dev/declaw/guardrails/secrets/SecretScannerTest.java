package dev.declaw.guardrails.secrets;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.ScanText;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// All keys here are drawn at random for this test.
final class SecretScannerTest {
    private final SecretScanner scanner = new SecretScanner();

    @ParameterizedTest
    @CsvSource(delimiter = '~', value = {
        "export DB_PASSWORD=D6Q3bLaQSDdD ~ D6Q3bLaQSDdD",
        "ENV JWT_SECRET 7fugPnrbeukW524BPOjO ~ 7fugPnrbeukW524BPOjO",
        "db_password: c980CMZ4Y7Gmi2D5x6Cw ~ c980CMZ4Y7Gmi2D5x6Cw",
        "{\"clientSecret\": \"pNWSlYgmsjIpiQy34d3aFNf\"} ~ pNWSlYgmsjIpiQy34d3aFNf",
        "postgres://app:hTWpsLNTPy7@db.internal:5432/main ~ hTWpsLNTPy7",
        "redis://:88waPQUmIGL8stFR@db:6379 ~ 88waPQUmIGL8stFR",
        "X-Api-Key: Zq3vX9Lr2mT8bN5cY1wK ~ Zq3vX9Lr2mT8bN5cY1wK",
        "Authorization: Bearer q8Zr2LmX9vT4bN7cY1wKd0 ~ q8Zr2LmX9vT4bN7cY1wKd0",
        "mysql --password Zq3vX9Lr2m ~ Zq3vX9Lr2m",
        "key AKIAQ7BPBYJ3Z4MTCZ6E here ~ AKIAQ7BPBYJ3Z4MTCZ6E",
        "glpat-WN8VsHMdkmGIXmRsDbd6 ~ glpat-WN8VsHMdkmGIXmRsDbd6",
        "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 ~ 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",
        "acmecloud token = 'q8zr2lmx9vt4bn7cy1wkd0' ~ q8zr2lmx9vt4bn7cy1wkd0",
        "<add key=\"ClearTextPassword\" value=\"Db7l1TPBvvpw\" /> ~ Db7l1TPBvvpw"
    })
    void aSecretIsFoundAsExactlyItsValue(String text, String secret) {
        assertThat(found(text)).containsExactly(secret);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "API_KEY=YOUR_API_KEY_HERE", "password: ${DB_PASSWORD}", "token = os.environ['TOKEN']", "secretName: my-tls-secret",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "id: 123e4567-e89b-12d3-a456-426614174000", "integrity sha512-abcdefghijklmnopqrstuvwxyz==", "The token expires after 3600 seconds.",
        "password = getPassword(user)", "Authorization: Bearer <token>", "api_key=xxxxxxxxxxxxxxxxxxxxxxxx", "const tokenizer = new Tokenizer();",
        "https://example.com/path/to/page?id=42", "x86_64-unknown-linux-gnu", "calculateTotalPriceWithDiscount2", "user:password@host",
        "http://user:password@example.com/", "keyboard: qwerty12", "monkey=banana42"})
    void whatOnlyLooksLikeASecretIsLeftAlone(String text) {
        assertThat(found(text)).isEmpty();
    }

    @Test
    void aPrivateKeyIsOneFinding() {
        String key = "-----BEGIN EC PRIVATE KEY-----\n" + "MHcCAQEEIBkg4LVWM9nuwNSk3yByxZpYRTBnVJKD\n".repeat(4) + "-----END EC PRIVATE KEY-----";
        assertThat(found("a\n" + key + "\nb")).containsExactly(key);
    }

    @Test
    void theNameThatAValueStandsUnderCounts() {
        assertThat(scanner.scan(new ScanText("hunter2hunter", "db_password"))).hasSize(1);
        assertThat(scanner.scan(new ScanText("hunter2hunter", "title"))).isEmpty();
    }

    @Test
    void gitHubCheckDigitsRaiseTheConfidenceToCertainty() {
        java.util.zip.CRC32 crc = new java.util.zip.CRC32();
        String body = "q8Zr2LmX9vT4bN7cY1wKd0PsHgJfEa";
        crc.update(body.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
        StringBuilder check = new StringBuilder();
        for (long rest = crc.getValue(); check.length() < 6; rest /= 62) {
            check.insert(0, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".charAt((int) (rest % 62)));
        }
        assertThat(scanner.scan(ScanText.of("ghp_" + body + check)).getFirst().confidence()).isEqualTo(1);
        assertThat(scanner.scan(ScanText.of("ghp_" + body + "000000")).getFirst().confidence()).isLessThan(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"password=", "a://b:", "key = ", "eyJhbGciOi.", "ghp_", "-----BEGIN PRIVATE KEY-----", "Bearer ", "a1B2", "=\"'", "_-_-", "x"})
    void hostileRepetitionStaysLinear(String unit) {
        String text = unit.repeat((1 << 19) / unit.length());
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(10), () -> scanner.scan(ScanText.of(text)));
    }

    @Test
    void findingsAreSortedAndDoNotOverlap() {
        List<Finding> findings = scanner.scan(ScanText.of("A_TOKEN=q8Zr2LmX9vT4bN7cY1wKd0\nB_KEY=Zq3vX9Lr2mT8bN5cY1wK\nurl=postgres://u:hTWpsLNTPy7@h/d\n"));
        assertThat(findings).hasSize(3);
        for (int i = 1; i < findings.size(); i++) assertThat(findings.get(i).start()).isGreaterThanOrEqualTo(findings.get(i - 1).end());
    }

    private List<String> found(String text) {
        return scanner.scan(ScanText.of(text)).stream().map(f -> text.substring(f.start(), f.end())).toList();
    }

    @Test
    void aTextMayEndBehindAnAuthenticationScheme() {
        for (String text : List.of("Authorization: Bearer", "token = basic", "auth_token: token", "ENV TOKEN bearer")) {
            assertThat(new SecretScanner().scan(ScanText.of(text))).as(text).isEmpty();
        }
    }
}
