package dev.declaw.guardrails.pii;

/// International bank account numbers (ISO 13616): a state's letters, its length, and the rest by 97.
final class Iban {
    private static final String LENGTHS = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 "
            + "GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 "
            + "NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30";
    private static final byte[] LENGTH = new byte[26 * 26];

    static {
        for (String entry : LENGTHS.split(" ")) {
            LENGTH[(entry.charAt(0) - 'A') * 26 + entry.charAt(1) - 'A'] = Byte.parseByte(entry.substring(2));
        }
    }

    private Iban() {}

    /// Whether two letters in upper case are a state with such numbers.
    static boolean country(char a, char b) {
        return a >= 'A' && a <= 'Z' && b >= 'A' && b <= 'Z' && LENGTH[(a - 'A') * 26 + b - 'A'] > 0;
    }

    /// How many characters of the value are an IBAN, or 0.
    static int match(Compact value) {
        char[] c = value.chars;
        if (value.count() < 15 || !country(c[0], c[1]) || !Digits.all(c, 2, 4)) return 0;
        int n = LENGTH[(c[0] - 'A') * 26 + c[1] - 'A'];
        return value.closed(n) && Digits.iban(c, n) ? n : 0;
    }
}
