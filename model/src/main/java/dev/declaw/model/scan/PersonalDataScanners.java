package dev.declaw.model.scan;

import java.util.ServiceLoader;
import java.util.Set;

/// Makes the scanner that finds personal data of the given kinds. The implementation is found as a service, so that the
/// proxy, which uses it, and the guardrails, which provide it, need not know each other. Thread-safe.
public interface PersonalDataScanners {
    /// A scanner for these kinds; kinds that cannot be recognised are left out, which [PiiType] callers were warned of.
    Scanner forTypes(Set<PiiType> types);

    /// The installed implementation.
    ///
    /// @throws IllegalStateException when there is none: a proxy without scanners must not start
    static PersonalDataScanners installed() {
        return ServiceLoader.load(PersonalDataScanners.class, PersonalDataScanners.class.getClassLoader())
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no scanner of personal data is installed"));
    }
}
