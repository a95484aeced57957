package dev.declaw.guardrails.pii;

/// Check digits. All take an array of upper-case ASCII letters and digits and a length; all are pure.
final class Digits {
    private static final byte[][] VERHOEFF_PRODUCT = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5}, {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
        {4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1}, {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
        {8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}};
    private static final byte[][] VERHOEFF_PLACE = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4}, {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
        {9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1}, {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8}};

    private Digits() {}

    static boolean all(char[] c, int from, int to) {
        for (int i = from; i < to; i++) if (c[i] < '0' || c[i] > '9') return false;
        return true;
    }

    static boolean letters(char[] c, int from, int to) {
        for (int i = from; i < to; i++) if (c[i] < 'A' || c[i] > 'Z') return false;
        return true;
    }

    static int at(char[] c, int i) {
        return c[i] - '0';
    }

    static int number(char[] c, int from, int to) {
        int value = 0;
        for (int i = from; i < to; i++) value = value * 10 + c[i] - '0';
        return value;
    }

    static boolean same(char[] c, int n) {
        for (int i = 1; i < n; i++) if (c[i] != c[0]) return false;
        return true;
    }

    /// ISO/IEC 7812-1, annex B.
    static boolean luhn(char[] c, int from, int to) {
        int sum = 0;
        boolean twice = false;
        for (int i = to - 1; i >= from; i--) {
            int digit = c[i] - '0';
            if (twice) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
            sum += digit;
            twice = !twice;
        }
        return sum % 10 == 0;
    }

    static boolean verhoeff(char[] c, int n) {
        int check = 0;
        for (int i = 0; i < n; i++) check = VERHOEFF_PRODUCT[check][VERHOEFF_PLACE[i % 8][at(c, n - 1 - i)]];
        return check == 0;
    }

    /// Sum of digits times weights.
    static int weighted(char[] c, int from, int... weights) {
        int sum = 0;
        for (int i = 0; i < weights.length; i++) sum += at(c, from + i) * weights[i];
        return sum;
    }

    /// ISO/IEC 7064, MOD 97-10, with letters as two digits and the first four characters moved to the end (ISO 13616).
    static boolean iban(char[] c, int n) {
        int rest = 0;
        for (int i = 0; i < n; i++) {
            char x = c[(i + 4) % n];
            rest = x >= 'A' ? (rest * 100 + x - 'A' + 10) % 97 : (rest * 10 + x - '0') % 97;
        }
        return rest == 1;
    }

    /// ISO/IEC 7064, MOD 11,10: the German tax number and others.
    static boolean mod1110(char[] c, int n) {
        int product = 10;
        for (int i = 0; i < n - 1; i++) {
            int sum = (at(c, i) + product) % 10;
            product = (sum == 0 ? 10 : sum) * 2 % 11;
        }
        int check = 11 - product;
        return (check == 10 ? 0 : check) == at(c, n - 1);
    }

    /// American Bankers Association.
    static boolean routing(char[] c) {
        int sum = weighted(c, 0, 3, 7, 1, 3, 7, 1, 3, 7, 1);
        return sum > 0 && sum % 10 == 0;
    }

    /// The last two digits of a Brazilian number of this length (CPF 11, CNPJ 14).
    static boolean brazilian(char[] c, int n) {
        if (same(c, n)) return false;
        for (int check = n - 2; check < n; check++) {
            int sum = 0;
            for (int i = 0; i < check; i++) {
                int weight = check + 1 - i;
                if (n == 14) weight = (check - 1 - i) % 8 + 2;
                sum += at(c, i) * weight;
            }
            int digit = sum % 11 < 2 ? 0 : 11 - sum % 11;
            if (digit != at(c, check)) return false;
        }
        return true;
    }

    /// Month and day of `yymmdd`.
    static boolean yymmdd(char[] c, int from) {
        return all(c, from, from + 6) && monthDay(number(c, from + 2, from + 4), number(c, from + 4, from + 6));
    }

    static boolean monthDay(int month, int day) {
        if (month < 1 || month > 12 || day < 1) return false;
        return day <= (month == 2 ? 29 : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31);
    }
}
