package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.encoder.TextEncoder;
import dev.declaw.guardrails.pii.names.NameScanner;
import dev.declaw.model.scan.CustomType;
import dev.declaw.model.scan.PersonalDataScanners;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.Scanner;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/// Provides [PiiScanner], and [NameScanner] where names or addresses are asked for, to whoever asks for
/// [PersonalDataScanners]. The encoder is loaded when names are first asked for.
public final class PiiScanners implements PersonalDataScanners {
    /// For the service loader.
    public PiiScanners() {}

    /// @throws IllegalStateException when names are asked for and the encoder does not start
    @Override
    public Scanner forTypes(Set<PiiType> types) {
        Scanner structured = new PiiScanner(types);
        if (Collections.disjoint(types, NameScanner.RECOGNISED)) return structured;
        return new PersonalData(structured, new NameScanner(types, TextEncoder.shared()));
    }

    @Override
    public Scanner forTypes(Set<PiiType> types, List<CustomType> custom) {
        return custom.isEmpty() ? forTypes(types) : new CustomScanner(forTypes(types), custom);
    }
}
