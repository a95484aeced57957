/// Scanners: text in, findings out. No files, sockets, threads, clocks or randomness.
module dev.declaw.guardrails {
    requires transitive dev.declaw.model;
    requires com.google.i18n.phonenumbers.libphonenumber;

    provides dev.declaw.model.scan.PersonalDataScanners with
            dev.declaw.guardrails.pii.PiiScanners;

    exports dev.declaw.guardrails.pii;
}
