package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.FoldedText;

/// Calendar dates as people write them: `1952-06-03`, `03.06.1952`, `6/3/52`, `3-Jun-1952`, `June 3rd, 1952`, `19520603`.
final class Dates {
    private static final String[] MONTHS = {
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
        "januar", "februar", "maerz", "mai", "juni", "juli", "oktober", "dezember",
        "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
        "janvier", "fevrier", "mars", "avril", "juin", "juillet", "aout", "septembre", "octobre", "novembre", "decembre",
        "janeiro", "fevereiro", "junho", "julho", "setembro", "outubro", "novembro", "dezembro",
        "gennaio", "febbraio", "aprile", "maggio", "giugno", "luglio", "settembre", "ottobre", "dicembre"};

    private final FoldedText text;
    private int at;

    Dates(FoldedText text) {
        this.text = text;
    }

    /// End of the date that begins here, or -1.
    int match(int start) {
        at = start;
        int end = text.digit(start) ? numeric() : monthFirst();
        return end > 0 && !text.word(end) ? end : -1;
    }

    private int numeric() {
        int begin = at;
        int first = number();
        int length = at - begin;
        char separator = text.at(at);
        if (length == 8) return compact(begin);
        if (length == 4) return yearFirst(first, separator);
        if (length > 2) return -1;
        ordinal();
        separator = text.at(at);
        if (separator == ' ' || separator == '-' || separator == '.' || separator == ',' || separator == '/') {
            int named = dayThenName(first);
            if (named > 0) return named;
        }
        if (separator != '-' && separator != '.' && separator != '/' && separator != ' ') return -1;
        at = text.at(at + 1) == ' ' && separator == '.' ? at + 2 : at + 1;
        int from = at;
        int second = number();
        if (at - from < 1 || at - from > 2 || text.at(at) != separator) return -1;
        at = text.at(at + 1) == ' ' && separator == '.' ? at + 2 : at + 1;
        from = at;
        int third = number();
        int digits = at - from;
        boolean year = digits == 4 ? year(third) : digits == 2 && separator != ' ';
        return year && (Digits.monthDay(first, second) || Digits.monthDay(second, first)) ? at : -1;
    }

    private int compact(int begin) {
        char[] c = text.slice(begin, begin + 8).toCharArray();
        boolean yearFirst = year(Digits.number(c, 0, 4)) && Digits.monthDay(Digits.number(c, 4, 6), Digits.number(c, 6, 8));
        int a = Digits.number(c, 0, 2);
        int b = Digits.number(c, 2, 4);
        boolean yearLast = year(Digits.number(c, 4, 8)) && (Digits.monthDay(a, b) || Digits.monthDay(b, a));
        return yearFirst || yearLast ? begin + 8 : -1;
    }

    private int yearFirst(int year, char separator) {
        if (!year(year) || separator != '-' && separator != '.' && separator != '/' && separator != ' ') return -1;
        at++;
        int from = at;
        if (text.letter(at)) {
            if (!month() || text.at(at) != separator) return -1;
            at++;
            int day = number();
            return day >= 1 && day <= 31 ? at : -1;
        }
        int month = number();
        if (at == from || at - from > 2 || text.at(at) != separator) return -1;
        at++;
        from = at;
        int day = number();
        if (at == from || at - from > 2 || !Digits.monthDay(month, day)) return -1;
        // A time of day may hang on: `1952-06-03T00:00:00Z`.
        int end = at;
        if ((text.at(at) == 'T' || text.at(at) == 't') && text.digit(at + 1)) {
            while (at - end < 32 && (text.word(at) || text.at(at) == ':' || text.at(at) == '.' || text.at(at) == '+')) at++;
        }
        return at;
    }

    /// `3 June 1952`, `3rd of June, 1952`, `3-Jun-52`.
    private int dayThenName(int day) {
        int back = at;
        if (text.at(at) == '.' || text.at(at) == ',') at++;
        if (!text.letter(at)) at++;
        word("of ");
        word("de ");
        boolean named = day >= 1 && day <= 31 && month();
        if (named) {
            while (at - back < 24 && (text.at(at) == ' ' || text.at(at) == ',' || text.at(at) == '-' || text.at(at) == '.' || text.at(at) == '/')) at++;
            word("de ");
            word("del ");
            int from = at;
            int year = number();
            if (at - from == 4 && year(year) || at - from == 2 && text.at(from - 1) == '-') return at;
        }
        at = back;
        return -1;
    }

    /// `June 3, 1952`, `Jun. 3rd 1952`.
    private int monthFirst() {
        if (!month()) return -1;
        if (text.at(at) == '.') at++;
        if (text.at(at) != ' ' && text.at(at) != '-' && text.at(at) != '/') return -1;
        at++;
        int from = at;
        int day = number();
        if (at == from || at - from > 2 || day < 1 || day > 31) return -1;
        ordinal();
        from = at;
        while (at - from < 3 && (text.at(at) == ' ' || text.at(at) == ',' || text.at(at) == '-' || text.at(at) == '/')) at++;
        if (at == from) return -1;
        from = at;
        int year = number();
        return at - from == 4 && year(year) ? at : -1;
    }

    private boolean month() {
        int end = at;
        while (end - at < 12 && text.letter(end)) end++;
        int length = end - at;
        if (length < 3) return false;
        for (String name : MONTHS) {
            if (length == name.length() || length == 3 && name.length() > 3 || length == 4 && name.startsWith("sept")) {
                if (same(name, length)) {
                    at = end;
                    return true;
                }
            }
        }
        return false;
    }

    private boolean same(String name, int length) {
        for (int i = 0; i < length; i++) if ((text.at(at + i) | 32) != name.charAt(i)) return false;
        return true;
    }

    private void word(String word) {
        for (int i = 0; i < word.length(); i++) if (text.at(at + i) != word.charAt(i)) return;
        at += word.length();
    }

    private void ordinal() {
        char a = (char) (text.at(at) | 32);
        char b = (char) (text.at(at + 1) | 32);
        boolean suffix = a == 's' && b == 't' || a == 'n' && b == 'd' || a == 'r' && b == 'd' || a == 't' && b == 'h';
        if (suffix && !text.letter(at + 2)) at += 2;
    }

    private int number() {
        int value = 0;
        int from = at;
        while (at - from < 9 && text.digit(at)) value = value * 10 + text.at(at++) - '0';
        return value;
    }

    private static boolean year(int year) {
        return year >= 1890 && year <= 2100;
    }
}
