package dev.declaw.guardrails.pii;

import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// Recognises structured personal data: one pass, linear in the text. Thread-safe.
public final class PiiScanner implements Scanner {
    /// The kinds that it can recognise; names and addresses need a model and are silently absent here, so whoever
    /// accepts a policy must say so.
    public static final Set<PiiType> RECOGNISED = Set.of(
            PiiType.SSN,
            PiiType.CREDIT_CARD,
            PiiType.EMAIL,
            PiiType.PHONE,
            PiiType.API_KEY,
            PiiType.IP_ADDRESS);

    private final Set<PiiType> types;

    /// @param types the kinds to look for
    public PiiScanner(Set<PiiType> types) {
        this.types = types.isEmpty() ? EnumSet.noneOf(PiiType.class) : EnumSet.copyOf(types);
    }

    @Override
    public String name() {
        return "pii";
    }

    @Override
    public List<Finding> scan(ScanText text) {
        if (types.isEmpty()) return List.of();
        throw new IllegalStateException("skeleton: refuses every text");
    }
}
