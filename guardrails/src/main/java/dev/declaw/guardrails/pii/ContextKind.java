package dev.declaw.guardrails.pii;

import dev.declaw.model.scan.PiiType;

/// What a word nearby says about the number or value that follows it. Those with a [PiiType] are *labels*: they alone
/// make a value of the right form personal, so [Labels] looks for it at once.
enum ContextKind {
    SSN(PiiType.SSN),
    CARD(null),
    PHONE(PiiType.PHONE),
    IP(null),
    /// `version`, `release`: dotted numbers are no addresses.
    VERSION(null),
    /// `order`, `tracking`, `timestamp`: long numbers are somebody's ids.
    IDENTIFIER(null),
    NONE(null),
    BIRTH(PiiType.DATE_OF_BIRTH),
    PASSPORT(PiiType.PASSPORT),
    LICENSE(PiiType.DRIVER_LICENSE),
    MEDICAL(PiiType.MEDICAL_RECORD),
    NHS(PiiType.MEDICAL_RECORD),
    ROUTING(PiiType.BANK_ROUTING),
    ACCOUNT_IBAN(PiiType.IBAN),
    WALLET(PiiType.CRYPTO_WALLET),
    MAC(PiiType.MAC_ADDRESS),
    TAX(PiiType.TAX_ID),
    VAT(PiiType.TAX_ID),
    /// National identity numbers, by who gives them.
    AADHAAR(PiiType.NATIONAL_ID),
    CHINA(PiiType.NATIONAL_ID),
    CPF(PiiType.NATIONAL_ID),
    CURP(PiiType.NATIONAL_ID),
    MY_NUMBER(PiiType.NATIONAL_ID),
    RRN(PiiType.NATIONAL_ID),
    NIR(PiiType.NATIONAL_ID),
    CODICE(PiiType.NATIONAL_ID),
    DNI(PiiType.NATIONAL_ID),
    AUSWEIS(PiiType.NATIONAL_ID),
    SIN(PiiType.NATIONAL_ID),
    NINO(PiiType.NATIONAL_ID),
    TCKN(PiiType.NATIONAL_ID),
    NIK(PiiType.NATIONAL_ID),
    CNIC(PiiType.NATIONAL_ID),
    SOUTH_AFRICA(PiiType.NATIONAL_ID),
    SNILS(PiiType.NATIONAL_ID),
    PESEL(PiiType.NATIONAL_ID),
    BSN(PiiType.NATIONAL_ID),
    /// `national id`: any of them.
    NATIONAL(PiiType.NATIONAL_ID);

    private final PiiType type;

    ContextKind(PiiType type) {
        this.type = type;
    }

    /// What a value under this label is; null when the word only gives or takes weight.
    PiiType type() {
        return type;
    }

    /// The kind as rules for other numbers see it: a label is a reason that a number is somebody's id.
    ContextKind broad() {
        return ordinal() > NONE.ordinal() ? IDENTIFIER : this;
    }
}
