package dev.declaw.guardrails.pii;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.ScanText;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PiiScannerTest {
    private final PiiScanner scanner = new PiiScanner(PiiType.CONTRACT);

    private List<String> found(String text, String key) {
        return scanner.scan(new ScanText(text, key)).stream()
                .map(f -> f.type() + "=" + text.substring(f.start(), f.end()))
                .toList();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "My SSN is 123-45-6789.|ssn=123-45-6789",
        "row,219-09-9999,x|ssn=219-09-9999",
        "ssn: 123456789|ssn=123456789",
        "Social Security number 123 45 6789|ssn=123 45 6789",
        "userSsn=123.45.6789|ssn=123.45.6789",
        "<ssn>078-05-1120</ssn>|ssn=078-05-1120",
        "ssn １２３-４５-６７８９|ssn=１２３-４５-６７８９",
        "ssn ١٢٣-٤٥-٦٧٨٩|ssn=١٢٣-٤٥-٦٧٨٩",
        "123‑45‑6789|ssn=123‑45‑6789",
        "pay with 4111111111111111 now|credit_card=4111111111111111",
        "4111 1111 1111 1111|credit_card=4111 1111 1111 1111",
        "5555-5555-5555-4444|credit_card=5555-5555-5555-4444",
        "amex 3782 822463 10005|credit_card=3782 822463 10005",
        "378282246310005|credit_card=378282246310005",
        "6011111111111117 discover|credit_card=6011111111111117",
        "diners 30569309025904|credit_card=30569309025904",
        "3530111333300000|credit_card=3530111333300000",
        "2223003122003222|credit_card=2223003122003222",
        "card 4222222222222|credit_card=4222222222222",
        "cc 4111 1111 1111 1111 123 12/28|credit_card=4111 1111 1111 1111",
        "write to jane.doe+news@mail.example.co.uk.|email=jane.doe+news@mail.example.co.uk",
        "<bob@example.com>|email=bob@example.com",
        "email=foo_bar@example.org&x=1|email=foo_bar@example.org",
        "mailto:a@b.io|email=a@b.io",
        "o'brien@example.ie|email=o'brien@example.ie",
        "user:o.k@example.com|email=o.k@example.com",
        "info@bücher.example|email=info@bücher.example",
        "x@xn--bcher-kva.xn--p1ai|email=x@xn--bcher-kva.xn--p1ai",
        "jane＠example．com|email=jane＠example．com",
        "call +1 (415) 555-2671 today|phone=+1 (415) 555-2671",
        "+442079460018|phone=+442079460018",
        "+49 30 901820|phone=+49 30 901820",
        "(212) 555-0187|phone=(212) 555-0187",
        "tel. 212-555-0187 ext. 12|phone=212-555-0187 ext. 12",
        "415.555.2671|phone=415.555.2671",
        "phone 07700 900123|phone=07700 900123",
        "Fax: 9498777106|phone=9498777106",
        "1-800-555-0199|phone=1-800-555-0199",
        "client 203.0.113.9 connected|ip_address=203.0.113.9",
        "http://198.51.100.7/x|ip_address=198.51.100.7",
        "10.1.2.3:8080|ip_address=10.1.2.3",
        "from 2001:db8::8a2e:370:7334 ok|ip_address=2001:db8::8a2e:370:7334",
        "[fe80::1]:443|ip_address=fe80::1",
        "addr:2001:db8:0:0:1:0:0:1|ip_address=2001:db8:0:0:1:0:0:1",
        "::ffff:192.0.2.128|ip_address=::ffff:192.0.2.128",
    })
    void recognisesPersonalData(String text, String expected) {
        assertThat(found(text, "")).containsExactly(expected);
    }

    /// Keys are put together here so that no key-like literal stands in the source.
    @ParameterizedTest
    @CsvSource({
        "'',sk-,proj-Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z",
        "'key: ',sk-,ant-api03-Zx9Yw8Vu7Ts6Rq5Po4Nm3Lk2Ji1Hg0Fe",
        "'',ghp_,Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2",
        "'',github_pat_,11ABCDEFG0hIjKlMnOpQrS_tUvWxYz0123456789abcdefgh",
        "'',glpat-,Ab1Cd2Ef3Gh4Ij5Kl6Mn",
        "'id ',AKIA,IOSFODNN7EXAMPLE",
        "'',xoxb-,123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx",
        "'',sk_live_,4eC39HqLyjWDarjtT1zdp7dc",
        "'k=',AIza,SyA1bC2dE3fG4hI5jK6lM7nO8pQ9rS0tU1v",
        "'',npm_,Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2",
        "'',hf_,AbCdEfGhIjKlMnOpQrStUvWxYz12345678",
        "'Twilio ',SK,0123456789abcdef0123456789abcdef",
        "'',eyJ,hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
        "'Authorization: Bearer ',mF,_9.B5f-4.1JqM8kLpQ2xR7",
        "'password=',Tr0ub4,dor!3x",
        "'DB_PASSWORD=',D6Q3b,LaQSDdD",
        "'\"client_secret\": \"',9fK2m,Qw8Zx1Lp0Rt7",
        "'ENV API_TOKEN ',a81Kd,92mQpZ03xLs",
        "'postgres://app:',s3cr,3tPw9@db/x",
        "'aws_secret_access_key = ',wJalrXUtnFEMI/K7MDENG/,bPxRfiCYEXAMPLEKEY",
    })
    void recognisesCredentials(String before, String head, String tail) {
        String found = String.join(" ", found(before + head + tail, ""));
        assertThat(found).startsWith("api_key=" + head);
        assertThat(found).contains(tail.substring(0, 5));
    }

    @Test
    void recognisesAPrivateKeyFromItsFirstToItsLastLine() {
        String pem = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIB\nAbCd==\n-----END EC PRIVATE KEY-----";
        assertThat(found("x " + pem + " y", "")).containsExactly("api_key=" + pem);
        assertThat(found("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "")).isEmpty();
        String open = "-----BEGIN PRIVATE KEY-----\nMHcCAQEEIB";
        assertThat(found(open, "")).containsExactly("api_key=" + open);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "ssn|123456789|ssn=123456789",
        "socialSecurityNumber|123.45.6789|ssn=123.45.6789",
        "card_number|4222222222222|credit_card=4222222222222",
        "phone|5551234567|phone=5551234567",
        "mobile_phone|0494 92 82 32|phone=0494 92 82 32",
        "api_key|9fK2mQw8Zx1Lp0Rt7|api_key=9fK2mQw8Zx1Lp0Rt7",
        "authorization|Token 9fK2mQw8Zx1Lp0Rt7|api_key=9fK2mQw8Zx1Lp0Rt7",
        "password|hunter22!|api_key=hunter22!",
    })
    void theKeyGivesAWeakValueItsMeaning(String key, String value, String expected) {
        assertThat(found(value, key)).containsExactly(expected);
        assertThat(found(value, "note")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "550e8400-e29b-41d4-a716-446655440000",
        "request_id=7c2d171f-8282-ffe1-cfd5-ad77dda0b498 status=200",
        "commit b40a3a14109f962443edbf4a012170b99892ffe0",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "d41d8cd98f00b204e9800998ecf8427e",
        "timestamp 1716366753473",
        "1716366753",
        "ts=1716366753473123456",
        "2026-11-21T23:06:57.123456Z",
        "2026-11-21 23:06:57",
        "21/11/2026 10:22",
        "12.07.1990",
        "Total: $97,087.55 due 2025-09-16",
        "$4111111111111111",
        "0.4111111111111111",
        "3.141592653589793238",
        "invalid card 4111111111111112",
        "order #261350 has tracking id 4556737586899855",
        "Order 4111111111111111 shipped",
        "ISBN 978-3-0175-3556-0",
        "IMEI 490154203237518",
        "version 7.34.3.30 released",
        "v1.2.3.4",
        "Chrome/120.0.0.0 Safari/537.36",
        "requests==2.31.0.1",
        "1.3.6.1.4.1.311",
        "bind 127.0.0.1:80 and 0.0.0.0",
        "netmask 255.255.255.0",
        "256.1.1.1",
        "01.02.03.04",
        "::1",
        "std::vector<int> a::b",
        "Bad::Cafe::new",
        "a[1::2]",
        "12:34:56",
        "00:1b:44:11:3a:b7",
        "00:11:22:33:44:55:66:77",
        "SHA256 fingerprint aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99",
        "000-12-3456",
        "666-12-3456",
        "900-12-3456",
        "123-00-4567",
        "123-45-0000",
        "123456789",
        "Build 224212467 passed with 11209 tests.",
        "1123-45-67890",
        "classname 123456789",
        "git@github.com:org/repo.git",
        "https://user@host.example.com/path",
        "icon@2x.png",
        "npm i left-pad@1.3.0",
        "@Override public",
        "user@localhost",
        "a@b",
        "Object@6d06d69c",
        "x = [48710, 33353, 92899]",
        "port 8080 pid 38344",
        "1 2 3 4 5 6 7 8 9 10 11 12",
        "UTC+01:00",
        "a+123456789012",
        "+1 million",
        "GET /api/v1/items?page=7204 HTTP/1.1",
        "password = getPassword()",
        "token: str",
        "password: ${DB_PASSWORD}",
        "secret_name: my-tls-secret",
        "max_tokens: 4096",
        "next_page_token=CAUQAA1234567890",
        "token_type: bearer",
        "api_key=YOUR_API_KEY_HERE",
        "key = 'primary'",
        "public_key: abc123def456ghi789",
        "sk-learn and sk-estimator-container-id",
        "the secret to success is hard work",
        "eyJust a word",
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit 2026.",
        "if (x > 100 && y < 200) return a[3];",
        "10:22:01 INFO worker-3 took 50054ms",
        "lat 48.858370, lon 2.294481",
        "password: password",
        "AKIA0000000000000000",
    })
    void leavesDecoysAlone(String text) {
        assertThat(found(text, "")).isEmpty();
    }

    @Test
    void looksOnlyForTheKindsItWasMadeFor() {
        String text = "123-45-6789 a@b.io 203.0.113.9";
        assertThat(new PiiScanner(Set.of(PiiType.EMAIL)).scan(ScanText.of(text)))
                .extracting(Finding::type)
                .containsExactly("email");
        assertThat(new PiiScanner(Set.of(PiiType.PERSON_NAME)).scan(ScanText.of(text))).isEmpty();
    }

    @Test
    void findingsAreSortedDoNotOverlapAndReachOverInvisibleCharacters() {
        String text = "1\u200b23-45-67\u200d89, then jane@example.com and (212) 555-0187";
        List<Finding> findings = scanner.scan(ScanText.of(text));
        assertThat(findings).extracting(Finding::type).containsExactly("ssn", "email", "phone");
        assertThat(text.substring(findings.getFirst().start(), findings.getFirst().end()))
                .isEqualTo("1\u200b23-45-67\u200d89");
        for (int i = 1; i < findings.size(); i++) {
            assertThat(findings.get(i).start()).isGreaterThanOrEqualTo(findings.get(i - 1).end());
        }
    }

    @Test
    void githubChecksumsAreKnown() {
        // CRC-32 of thirty characters in base62.
        java.util.zip.CRC32 crc = new java.util.zip.CRC32();
        String body = "Ab3dEf6hIj9kLm2nOp5qRs8tUv1wX1";
        crc.update(body.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        String digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        StringBuilder sum = new StringBuilder();
        long rest = crc.getValue();
        for (int i = 0; i < 6; i++, rest /= 62) sum.insert(0, digits.charAt((int) (rest % 62)));
        assertThat(scanner.scan(ScanText.of("ghp_" + body + sum)).getFirst().confidence()).isEqualTo(1);
        assertThat(scanner.scan(ScanText.of("ghp_" + body + "000000"))).noneMatch(finding -> finding.confidence() == 1);
    }
}
