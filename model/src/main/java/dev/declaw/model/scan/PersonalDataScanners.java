package dev.declaw.model.scan;

import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;

/// Makes the scanner that finds personal data of the given kinds. The implementation is found as a service, so that the
/// proxy, which uses it, and the guardrails, which provide it, need not know each other. Thread-safe.
public interface PersonalDataScanners {
    /// A scanner for these kinds; kinds that cannot be recognised are left out, which [PiiType] callers were warned of.
    Scanner forTypes(Set<PiiType> types);

    /// A scanner for these kinds and for those that the operator describes.
    ///
    /// @param custom at most [CustomType#TYPES_MAX], with different names
    /// @throws IllegalArgumentException for more, or for a name used twice
    Scanner forTypes(Set<PiiType> types, List<CustomType> custom);

    /// The installed implementation.
    ///
    /// @throws IllegalStateException when there is none: a proxy without scanners must not start
    static PersonalDataScanners installed() {
        return ServiceLoader.load(PersonalDataScanners.class, PersonalDataScanners.class.getClassLoader())
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no scanner of personal data is installed"));
    }
}
