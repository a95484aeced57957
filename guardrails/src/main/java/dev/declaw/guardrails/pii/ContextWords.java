package dev.declaw.guardrails.pii;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// Words that give a weak shape its meaning, in lower case. As anchors they count only as whole words (also as a part of
/// `snake_case`, `kebab-case` or `camelCase`).
final class ContextWords {
    static final Map<String, ContextKind> ALL = words();

    private ContextWords() {}

    private static Map<String, ContextKind> words() {
        Map<String, ContextKind> all = new LinkedHashMap<>();
        put(all, ContextKind.SSN, "ssn", "ssns", "social security", "social_security", "social-security",
                "socialsecurity", "soc sec", "ss#", "ssno");
        put(all, ContextKind.CARD, "card", "cards", "cc", "credit", "visa", "mastercard", "amex", "maestro", "pan",
                "payment", "cardnumber", "creditcard", "ccnum", "discover", "diners", "jcb");
        put(all, ContextKind.PHONE, "phone", "phones", "phonenumber", "telephone", "tel", "mobile", "cell", "cellphone",
                "fax", "whatsapp", "sms", "msisdn", "desk", "landline", "dial", "hotline", "call me", "call us",
                "call at", "call on", "calling", "text me", "reach me", "reach us", "ring me", "answering at", "telefon",
                "telefono", "messages to");
        put(all, ContextKind.IP, "ip", "ipv4", "ipv6", "addr", "host", "hostname");
        put(all, ContextKind.VERSION, "version", "versions", "ver", "release", "firmware", "build", "upgrade",
                "upgraded", "sdk", "driver", "oid", "section", "chapter");
        put(all, ContextKind.IDENTIFIER, "order", "tracking", "invoice", "timestamp", "epoch", "isbn", "issn", "imei",
                "parcel", "shipment", "serial", "sku", "ticket", "commit", "checksum", "pid", "reference", "transaction",
                "txn", "id", "ids", "uuid", "ean", "gtin", "upc", "barcode", "routing", "iban", "passport", "license",
                "licence", "account", "acct", "nonce");
        return Collections.unmodifiableMap(all);
    }

    private static void put(Map<String, ContextKind> all, ContextKind kind, String... words) {
        for (String word : words) all.put(word, kind);
    }
}
