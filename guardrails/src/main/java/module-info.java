/// Scanners: text in, findings out. No files, sockets, threads, clocks or randomness.
module dev.declaw.guardrails {
    requires transitive dev.declaw.model;
    requires re2j;
    requires com.google.i18n.phonenumbers.libphonenumber;
    requires com.microsoft.onnxruntime;

    provides dev.declaw.model.scan.ContentScanners with
            dev.declaw.guardrails.plugin.GuardrailScanners;
    provides dev.declaw.model.scan.PersonalDataScanners with
            dev.declaw.guardrails.pii.PiiScanners;

    exports dev.declaw.guardrails;
    exports dev.declaw.guardrails.code;
    exports dev.declaw.guardrails.encoder;
    exports dev.declaw.guardrails.injection;
    exports dev.declaw.guardrails.invisible;
    exports dev.declaw.guardrails.pii;
    exports dev.declaw.guardrails.pii.names;
    exports dev.declaw.guardrails.report;
    exports dev.declaw.guardrails.secrets;
    exports dev.declaw.guardrails.toxicity;
}
