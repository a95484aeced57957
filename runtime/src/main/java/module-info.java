/// MicroVMs on this host: drivers, slots, disks, templates, and the client of the guest agent.
/// The egress proxy is not known here: the server hands a slot's sockets to it.
module dev.declaw.runtime {
    requires transitive dev.declaw.model;
    requires transitive dev.declaw.linux;
    requires com.fasterxml.jackson.databind;
    requires org.slf4j;

    exports dev.declaw.runtime;
    exports dev.declaw.runtime.guest;
    exports dev.declaw.runtime.template;
}
