package dev.declaw.model.scan;

import java.util.Locale;
import java.util.Optional;

/// Kinds of personal data of the wire contract (wire-api 15.3).
public enum PiiType {
    SSN,
    CREDIT_CARD,
    EMAIL,
    PHONE,
    PERSON_NAME,
    API_KEY,
    ADDRESS,
    IP_ADDRESS;

    /// The name in policies, for example `credit_card`.
    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Reads a wire name; `phone_number` is an alias of `phone`.
    public static Optional<PiiType> parse(String wire) {
        if (wire.equals("phone_number")) {
            return Optional.of(PHONE);
        }
        for (PiiType type : values()) {
            if (type.wire().equals(wire)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
