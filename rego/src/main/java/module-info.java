/// Asking the policy service (`policyd`) about Rego policies, and keeping it alive. Protocol: `protocol/policyd.md`.
module dev.declaw.rego {
    requires transitive dev.declaw.model;
    requires dev.declaw.linux;
    requires transitive com.fasterxml.jackson.databind;
    requires org.slf4j;

    exports dev.declaw.rego;
}
