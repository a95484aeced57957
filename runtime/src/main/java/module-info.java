/// MicroVMs on this host: drivers, slots, disks, templates, and the client of the guest agent.
/// The egress proxy is not known here: the server hands a slot's sockets to it.
module dev.declaw.runtime {
    requires transitive dev.declaw.model;
    requires transitive dev.declaw.linux;
    requires com.fasterxml.jackson.databind;
    requires org.slf4j;
    requires com.github.luben.zstd_jni;
    requires software.amazon.awssdk.auth;
    requires software.amazon.awssdk.core;
    requires software.amazon.awssdk.http.urlconnection;
    requires software.amazon.awssdk.profiles;
    requires software.amazon.awssdk.regions;
    requires software.amazon.awssdk.retries;
    requires software.amazon.awssdk.services.s3;
    requires software.amazon.awssdk.utils;
    requires software.amazon.awssdk.http;
    requires software.amazon.awssdk.awscore;

    exports dev.declaw.runtime;
    exports dev.declaw.runtime.guest;
    exports dev.declaw.runtime.archive;
    exports dev.declaw.runtime.objects;
    exports dev.declaw.runtime.template;
}
