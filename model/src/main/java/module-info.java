/// Values and pure decisions: policies, destinations, findings, audit events, failures. No I/O, no threads, no clocks.
module dev.declaw.model {
    requires transitive com.fasterxml.jackson.databind;
    requires re2j;

    uses dev.declaw.model.scan.ContentScanners;
    uses dev.declaw.model.scan.PersonalDataScanners;

    exports dev.declaw.model.audit;
    exports dev.declaw.model.failure;
    exports dev.declaw.model.network;
    exports dev.declaw.model.policy;
    exports dev.declaw.model.sandbox;
    exports dev.declaw.model.scan;
}
