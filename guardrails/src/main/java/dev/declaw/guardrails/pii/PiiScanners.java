package dev.declaw.guardrails.pii;

import dev.declaw.model.scan.CustomType;
import dev.declaw.model.scan.PersonalDataScanners;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.Scanner;
import java.util.List;
import java.util.Set;

/// Provides [PiiScanner] to whoever asks for [PersonalDataScanners].
public final class PiiScanners implements PersonalDataScanners {
    /// For the service loader.
    public PiiScanners() {}

    @Override
    public Scanner forTypes(Set<PiiType> types) {
        return new PiiScanner(types);
    }

    @Override
    public Scanner forTypes(Set<PiiType> types, List<CustomType> custom) {
        return custom.isEmpty() ? forTypes(types) : new CustomScanner(forTypes(types), custom);
    }
}
