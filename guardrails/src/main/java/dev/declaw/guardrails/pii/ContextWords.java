package dev.declaw.guardrails.pii;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// Words that give a weak shape its meaning, in lower case. As anchors they count only as whole words (also as a part of
/// `snake_case`, `kebab-case` or `camelCase`); a phrase stands for all of its spellings with ` `, `_`, `-` or nothing between.
final class ContextWords {
    static final Map<String, ContextKind> ALL = words();

    private ContextWords() {}

    private static Map<String, ContextKind> words() {
        Map<String, ContextKind> all = new LinkedHashMap<>();
        put(all, ContextKind.SSN, "ssn", "ssns", "social security", "soc sec", "ss#", "ssno");
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
                "txn", "id", "ids", "uuid", "ean", "gtin", "upc", "barcode", "license", "licence", "account", "acct", "nonce");
        labels(all);
        countries(all);
        return Collections.unmodifiableMap(all);
    }

    private static void labels(Map<String, ContextKind> all) {
        put(all, ContextKind.BIRTH, "dob", "d.o.b", "date of birth", "birth date", "birthday", "born", "day of birth", "bday",
                "geboren", "geburtsdatum", "geb.", "geburtstag", "fecha de nacimiento", "nacido", "nacida", "data de nascimento",
                "nascimento", "date de naissance", "naissance", "data di nascita", "nato il", "nata il", "geboortedatum");
        put(all, ContextKind.PASSPORT, "passport", "passports", "passeport", "reisepass", "pasaporte", "passaporte", "passaporto", "paspoort", "travel document");
        put(all, ContextKind.LICENSE, "driver license", "drivers license", "driver's license", "driver\u2019s license", "driver licence", "drivers licence", "driver's licence", "driver\u2019s licence",
                "driving license", "driving licence", "driver lic", "drivers lic", "driver's lic", "dl", "dln", "license number", "licence number", "license no",
                "licence no", "license num", "operator license", "driver id", "dmv", "fuehrerschein", "permis de conduire",
                "licencia de conducir", "patente di guida", "driving permit");
        put(all, ContextKind.MEDICAL, "mrn", "medical record", "medical rec", "patient id", "patient no", "patient number", "chart number", "chart no",
                "health record", "patient record", "hospital number", "hospital no", "medical id", "health insurance", "member id", "medicare", "medicaid",
                "med rec", "patient identifier", "health id", "mbi", "hicn");
        put(all, ContextKind.NHS, "nhs");
        put(all, ContextKind.ROUTING, "routing", "aba", "rtn", "transit number", "aba number");
        put(all, ContextKind.ACCOUNT_IBAN, "iban");
        put(all, ContextKind.WALLET, "wallet", "btc", "bitcoin", "ethereum", "eth", "doge", "ltc", "xrp", "sol", "trx", "crypto", "solana", "monero", "litecoin", "dogecoin", "usdt", "xmr", "wallets");
        put(all, ContextKind.MAC, "mac", "hwaddr", "ether", "bssid", "hardware address", "macaddr");
        put(all, ContextKind.TAX, "ein", "fein", "itin", "tin", "tax id", "tax identification", "tax number", "tax no", "taxpayer", "employer identification",
                "steuer-id", "steuer id", "steueridentifikationsnummer", "steuernummer", "idnr", "utr", "tfn", "tax file", "cnpj", "rfc", "inn", "gstin", "gst", "abn", "nif", "fiscal number",
                "numero fiscal", "cuit", "taxid");
        put(all, ContextKind.VAT, "vat", "vatin", "ust-idnr", "ust idnr", "ustid", "tva", "btw", "partita iva", "umsatzsteuer");
    }

    private static void countries(Map<String, ContextKind> all) {
        put(all, ContextKind.AADHAAR, "aadhaar", "aadhar", "adhaar", "uidai");
        put(all, ContextKind.CHINA, "shenfenzheng", "resident identity", "china id", "chinese id", "sfz");
        put(all, ContextKind.CPF, "cpf");
        put(all, ContextKind.CURP, "curp");
        put(all, ContextKind.MY_NUMBER, "my number", "individual number", "kojin bango");
        put(all, ContextKind.RRN, "rrn", "resident registration", "jumin");
        put(all, ContextKind.NIR, "nir", "insee", "securite sociale", "carte vitale", "nss");
        put(all, ContextKind.CODICE, "codice fiscale", "codicefiscale");
        put(all, ContextKind.DNI, "dni", "nie");
        put(all, ContextKind.AUSWEIS, "personalausweis", "ausweis", "ausweisnummer", "perso");
        put(all, ContextKind.SIN, "sin", "social insurance");
        put(all, ContextKind.NINO, "nino", "national insurance", "ni number", "ni no");
        put(all, ContextKind.TCKN, "tckn", "tc kimlik", "kimlik", "t.c. kimlik");
        put(all, ContextKind.NIK, "nik", "ktp");
        put(all, ContextKind.CNIC, "cnic");
        put(all, ContextKind.SOUTH_AFRICA, "rsa id", "sa id", "south african id");
        put(all, ContextKind.SNILS, "snils");
        put(all, ContextKind.PESEL, "pesel");
        put(all, ContextKind.BSN, "bsn", "burgerservicenummer");
        put(all, ContextKind.NATIONAL, "national id", "national identity", "national identification", "identity card", "identity number", "citizen id", "id card", "government id",
                "personal id", "personal identification");
    }

    private static void put(Map<String, ContextKind> all, ContextKind kind, String... phrases) {
        for (String phrase : phrases) {
            String plain = phrase.replace("\u2019", "'");
            for (String joint : new String[] {" ", "_", "-", ""}) all.put(plain.replace(" ", joint), kind);
        }
    }
}
