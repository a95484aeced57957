package dev.declaw.model.scan;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Kinds of personal data: the eight of the wire contract (wire-api 15.3), then those that only this product has.
public enum PiiType {
    SSN,
    CREDIT_CARD,
    EMAIL,
    PHONE,
    PERSON_NAME,
    API_KEY,
    ADDRESS,
    IP_ADDRESS,
    IBAN,
    DATE_OF_BIRTH,
    PASSPORT,
    DRIVER_LICENSE,
    /// Record and insurance numbers of patients, the British NHS number among them.
    MEDICAL_RECORD,
    /// Numbers that a tax office gives to people and firms: EIN, ITIN, VAT, Steuer-ID, PAN, CNPJ, RFC, INN, TFN, UTR.
    TAX_ID,
    /// ABA routing transit numbers.
    BANK_ROUTING,
    CRYPTO_WALLET,
    MAC_ADDRESS,
    /// Identity numbers of states other than the [#SSN]: see the scanner for the countries.
    NATIONAL_ID;

    /// The kinds of the wire contract: what a policy means that names none.
    public static final Set<PiiType> CONTRACT = Collections.unmodifiableSet(EnumSet.range(SSN, IP_ADDRESS));

    /// The name in policies, for example `credit_card`.
    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Reads a wire name. `phone_number` is an alias of `phone`; other aliases are the labels of other tools.
    public static Optional<PiiType> parse(String wire) {
        switch (wire) {
            case "phone_number" -> {
                return Optional.of(PHONE);
            }
            case "us_bank_routing", "routing_number" -> {
                return Optional.of(BANK_ROUTING);
            }
            case "uk_nino" -> {
                return Optional.of(NATIONAL_ID);
            }
            default -> {}
        }
        for (PiiType type : values()) {
            if (type.wire().equals(wire)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
