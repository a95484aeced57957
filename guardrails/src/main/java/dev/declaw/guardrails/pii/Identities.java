package dev.declaw.guardrails.pii;

/// The forms and check digits of identity and tax numbers. A form is tried on the compact reading of a value; the answer
/// is how many of its characters belong to the number, or 0.
final class Identities {
    private static final String CODICE_ODD = "BAKPLCQDREVOSFTGUHMINJWZYX";
    private static final int[] CODICE_ODD_VALUES = odd();
    private static final String DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE";

    private Identities() {}

    private static int[] odd() {
        int[] values = new int[26];
        for (int i = 0; i < 26; i++) values[CODICE_ODD.charAt(i) - 'A'] = i;
        return values;
    }

    /// The number that stands under a label of this kind.
    static int labelled(ContextKind kind, Compact value) {
        char[] c = value.chars;
        return switch (kind) {
            case AADHAAR -> digits(value, 12) && c[0] >= '2' && Digits.verhoeff(c, 12) ? 12 : 0;
            case CHINA -> china(value);
            case CPF -> digits(value, 11) && Digits.brazilian(c, 11) ? 11 : 0;
            case CURP -> curp(value);
            case MY_NUMBER -> digits(value, 12) && myNumber(c) ? 12 : 0;
            case RRN -> digits(value, 13) && Digits.yymmdd(c, 0) && c[6] >= '1' && c[6] <= '8' ? 13 : 0;
            case NIR -> nir(value);
            case CODICE -> codice(value);
            case DNI -> dni(value);
            case AUSWEIS -> ausweis(value);
            case SIN -> digits(value, 9) && Digits.luhn(c, 0, 9) ? 9 : 0;
            case NINO -> nino(value);
            case TCKN -> digits(value, 11) && turkish(c) ? 11 : 0;
            case NIK -> digits(value, 16) && indonesian(c) ? 16 : 0;
            case CNIC -> digits(value, 13) && c[0] >= '1' && c[0] <= '7' ? 13 : 0;
            case SOUTH_AFRICA -> digits(value, 13) && Digits.yymmdd(c, 0) && c[10] <= '2' && Digits.luhn(c, 0, 13) ? 13 : 0;
            case SNILS -> digits(value, 11) && snils(c) ? 11 : 0;
            case PESEL -> digits(value, 11) && pesel(c) ? 11 : 0;
            case BSN -> digits(value, 9) && bsn(c) ? 9 : 0;
            case NHS -> digits(value, 10) && nhs(c) ? 10 : 0;
            case ROUTING -> digits(value, 9) && Digits.routing(c) ? 9 : 0;
            case ACCOUNT_IBAN -> Iban.match(value);
            case TAX -> tax(value);
            case VAT -> vat(value, true);
            case NATIONAL -> national(value);
            default -> 0;
        };
    }

    /// Numbers whose form alone tells them; the value begins at a letter or digit that opens a word.
    static ContextKind telling(Compact value) {
        int n = value.firstRun();
        int digits = value.firstRunDigits();
        if (n == 18 && digits >= 17 && china(value) == 18) return ContextKind.CHINA;
        if (n == 18 && digits >= 6 && curp(value) == 18) return ContextKind.CURP;
        if (n == 16 && digits >= 5 && digits <= 9 && codice(value) == 16) return ContextKind.CODICE;
        if (n == 15 && digits >= 13 && value.chars[0] <= '2' && nir(value) == 15) return ContextKind.NIR;
        if ((n == 10 || n == 15) && value.solid(n) && indianTax(value) == n) return ContextKind.TAX;
        return ContextKind.NONE;
    }

    private static int national(Compact value) {
        for (ContextKind kind : ContextKind.values()) {
            if (kind.type() != ContextKind.NATIONAL.type() || kind == ContextKind.NATIONAL) continue;
            int n = labelled(kind, value);
            if (n > 0) return n;
        }
        int n = value.firstRun();
        return n >= 7 && n <= 12 && value.firstRunDigits() >= 6 && value.closed(n) ? n : 0;
    }

    private static boolean digits(Compact value, int n) {
        return value.closed(n) && Digits.all(value.chars, 0, n);
    }

    private static int china(Compact value) {
        char[] c = value.chars;
        if (!value.closed(18) || !Digits.all(c, 0, 17) || c[0] == '0' || c[0] > '8') return 0;
        int year = Digits.number(c, 6, 10);
        if (year < 1900 || year > 2100 || !Digits.monthDay(Digits.number(c, 10, 12), Digits.number(c, 12, 14))) return 0;
        int sum = Digits.weighted(c, 0, 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2);
        return c[17] == "10X98765432".charAt(sum % 11) ? 18 : 0;
    }

    /// Mexico: four letters, date, sex, state, three consonants, homoclave and check digit.
    private static int curp(Compact value) {
        char[] c = value.chars;
        if (!value.closed(18) || !Digits.letters(c, 0, 4) || !Digits.yymmdd(c, 4) || "HMX".indexOf(c[10]) < 0 || !Digits.letters(c, 11, 16)) return 0;
        return c[17] >= '0' && c[17] <= '9' ? 18 : 0;
    }

    private static boolean myNumber(char[] c) {
        int sum = Digits.weighted(c, 0, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2) % 11;
        return (sum <= 1 ? 0 : 11 - sum) == Digits.at(c, 11);
    }

    /// France: sex, year, month, département, commune, order, and 97 less the rest by 97.
    private static int nir(Compact value) {
        char[] c = value.chars;
        if (!value.closed(15) || "123478".indexOf(c[0]) < 0) return 0;
        int shift = c[6] == 'A' ? 1_000_000 : c[6] == 'B' ? 2_000_000 : 0;
        int month = Digits.all(c, 3, 5) ? Digits.number(c, 3, 5) : 0;
        if (month < 1 || month > 12 && month < 20 || month > 42 && month < 50) return 0;
        long number = 0;
        for (int i = 0; i < 13; i++) {
            if (i == 6 && shift > 0) {
                number *= 10;
                continue;
            }
            if (c[i] < '0' || c[i] > '9') return 0;
            number = number * 10 + c[i] - '0';
        }
        if (!Digits.all(c, 13, 15)) return 0;
        return 97 - (number - shift) % 97 == Digits.number(c, 13, 15) ? 15 : 0;
    }

    /// Italy: the last letter checks the rest.
    private static int codice(Compact value) {
        char[] c = value.chars;
        if (!value.closed(16) || !Digits.letters(c, 0, 6) || !Digits.letters(c, 8, 9) || !Digits.letters(c, 11, 12) || !Digits.letters(c, 15, 16)) return 0;
        if ("ABCDEHLMPRST".indexOf(c[8]) < 0) return 0;
        int sum = 0;
        for (int i = 0; i < 15; i++) {
            int plain = c[i] >= 'A' ? c[i] - 'A' : c[i] - '0';
            sum += i % 2 == 0 ? CODICE_ODD_VALUES[plain] : plain;
        }
        return sum % 26 == c[15] - 'A' ? 16 : 0;
    }

    private static int dni(Compact value) {
        char[] c = value.chars;
        if (!value.closed(9) || !Digits.letters(c, 8, 9)) return 0;
        char first = c[0];
        boolean foreigner = first >= 'X' && first <= 'Z';
        if (!Digits.all(c, foreigner ? 1 : 0, 8)) return 0;
        int number = Digits.number(c, 1, 8) + (foreigner ? first - 'X' : first - '0') * 10_000_000;
        return DNI_LETTERS.charAt(number % 23) == c[8] ? 9 : 0;
    }

    /// German identity cards: no vowels; ten characters with the check digit (weights 7, 3, 1).
    private static int ausweis(Compact value) {
        char[] c = value.chars;
        if (value.closed(10) && Digits.all(c, 9, 10)) {
            int sum = 0;
            for (int i = 0; i < 9; i++) sum += (c[i] >= 'A' ? c[i] - 'A' + 10 : c[i] - '0') * (i % 3 == 0 ? 7 : i % 3 == 1 ? 3 : 1);
            if (sum % 10 == Digits.at(c, 9)) return 10;
        }
        boolean card = value.closed(9) && "LMNPRTVWXYCFGHJK".indexOf(c[0]) >= 0 && value.solid(9) && value.firstRunDigits() >= 2;
        return card ? 9 : 0;
    }

    /// United Kingdom: two letters of those in use, six digits, A to D.
    static int nino(Compact value) {
        char[] c = value.chars;
        if (!value.closed(9) || !Digits.letters(c, 0, 2) || !Digits.all(c, 2, 8) || c[8] < 'A' || c[8] > 'D') return 0;
        if ("DFIQUV".indexOf(c[0]) >= 0 || "DFIOQUV".indexOf(c[1]) >= 0) return 0;
        String prefix = new String(c, 0, 2);
        return switch (prefix) {
            case "BG", "GB", "NK", "KN", "TN", "NT", "ZZ" -> 0;
            default -> 9;
        };
    }

    private static boolean turkish(char[] c) {
        if (c[0] == '0') return false;
        int odd = Digits.at(c, 0) + Digits.at(c, 2) + Digits.at(c, 4) + Digits.at(c, 6) + Digits.at(c, 8);
        int even = Digits.at(c, 1) + Digits.at(c, 3) + Digits.at(c, 5) + Digits.at(c, 7);
        int tenth = Digits.at(c, 9);
        return Math.floorMod(odd * 7 - even, 10) == tenth && (odd + even + tenth) % 10 == Digits.at(c, 10);
    }

    private static boolean indonesian(char[] c) {
        int day = Digits.number(c, 6, 8);
        return c[0] != '0' && Digits.monthDay(Digits.number(c, 8, 10), day > 40 ? day - 40 : day);
    }

    private static boolean snils(char[] c) {
        int sum = Digits.weighted(c, 0, 9, 8, 7, 6, 5, 4, 3, 2, 1) % 101;
        return sum % 100 == Digits.number(c, 9, 11);
    }

    private static boolean pesel(char[] c) {
        int sum = Digits.weighted(c, 0, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1);
        return sum % 10 == 0 && Digits.monthDay(Digits.number(c, 2, 4) % 20, Digits.number(c, 4, 6));
    }

    private static boolean bsn(char[] c) {
        int sum = Digits.weighted(c, 0, 9, 8, 7, 6, 5, 4, 3, 2, -1);
        return sum % 11 == 0 && !Digits.same(c, 9);
    }

    private static boolean nhs(char[] c) {
        int check = 11 - Digits.weighted(c, 0, 10, 9, 8, 7, 6, 5, 4, 3, 2) % 11;
        return (check == 11 ? 0 : check) == Digits.at(c, 9);
    }

    private static int tax(Compact value) {
        char[] c = value.chars;
        if (digits(value, 14) && Digits.brazilian(c, 14)) return 14;
        if (indianTax(value) > 0) return indianTax(value);
        if (value.closed(13) && Digits.letters(c, 0, 4) && Digits.yymmdd(c, 4)) return 13;
        if (value.closed(12) && Digits.letters(c, 0, 3) && Digits.yymmdd(c, 3)) return 12;
        if (digits(value, 11) && (Digits.mod1110(c, 11) || abn(c) || cuit(c) || Digits.brazilian(c, 11))) return 11;
        if (digits(value, 12) && inn(c, 12)) return 12;
        if (digits(value, 10) && (inn(c, 10) || utr(c))) return 10;
        if (digits(value, 9)) return employer(c) || c[0] == '9' || tfn(c) || portuguese(c) ? 9 : 0;
        if (dni(value) > 0) return 9;
        return vat(value, false);
    }

    private static int indianTax(Compact value) {
        char[] c = value.chars;
        if (value.closed(10) && pan(c, 0)) return 10;
        return value.closed(15) && Digits.all(c, 0, 2) && pan(c, 2) && c[13] == 'Z' ? 15 : 0;
    }

    private static boolean pan(char[] c, int from) {
        return Digits.letters(c, from, from + 5) && "PCHFATBLJG".indexOf(c[from + 3]) >= 0 && Digits.all(c, from + 5, from + 9) && Digits.letters(c, from + 9, from + 10);
    }

    /// Prefixes that the Internal Revenue Service has given out.
    private static boolean employer(char[] c) {
        int prefix = Digits.number(c, 0, 2);
        return prefix >= 1 && prefix <= 6 || prefix >= 10 && prefix <= 16 || prefix >= 20 && prefix <= 27 || prefix >= 30 && prefix <= 48
                || prefix >= 50 && prefix <= 68 || prefix >= 71 && prefix <= 77 || prefix >= 80 && prefix <= 88 || prefix >= 90;
    }

    private static boolean abn(char[] c) {
        return (Digits.weighted(c, 0, 10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19) - 10) % 89 == 0;
    }

    private static boolean cuit(char[] c) {
        int sum = Digits.weighted(c, 0, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1);
        return sum % 11 == 0;
    }

    private static boolean inn(char[] c, int n) {
        if (n == 10) return Digits.weighted(c, 0, 2, 4, 10, 3, 5, 9, 4, 6, 8) % 11 % 10 == Digits.at(c, 9);
        return Digits.weighted(c, 0, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8) % 11 % 10 == Digits.at(c, 10)
                && Digits.weighted(c, 0, 3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8) % 11 % 10 == Digits.at(c, 11);
    }

    private static boolean utr(char[] c) {
        int sum = Digits.weighted(c, 1, 6, 7, 8, 9, 10, 5, 4, 3, 2) % 11;
        return "21987654321".charAt(sum) == c[0];
    }

    private static boolean tfn(char[] c) {
        return Digits.weighted(c, 0, 1, 4, 3, 7, 5, 8, 6, 9, 10) % 11 == 0;
    }

    private static boolean portuguese(char[] c) {
        int check = 11 - Digits.weighted(c, 0, 9, 8, 7, 6, 5, 4, 3, 2) % 11;
        return (check >= 10 ? 0 : check) == Digits.at(c, 8);
    }

    /// European Union: the state's letters and eight to twelve characters, mostly digits.
    ///
    /// @param numbers whether the letters may be missing
    private static int vat(Compact value, boolean numbers) {
        char[] c = value.chars;
        int n = value.count();
        while (n > 7 && !value.closed(n)) n--;
        for (; n >= 8; n--) {
            if (!value.closed(n) || n > 14) continue;
            int digits = 0;
            for (int i = 2; i < n; i++) if (c[i] >= '0' && c[i] <= '9') digits++;
            if (Digits.letters(c, 0, 2) && digits >= 7 && digits >= n - 5) return n;
            if (numbers && n >= 9 && n <= 12 && Digits.all(c, 0, n)) return n;
        }
        return 0;
    }
}
