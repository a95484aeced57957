/// The control plane: API, lifecycle, audit log, store, configuration, and the composition root of every role.
module dev.declaw.server {
    requires dev.declaw.model;
    requires dev.declaw.linux;
    requires dev.declaw.rego;
    requires dev.declaw.guardrails;
    requires dev.declaw.egress;
    requires dev.declaw.runtime;
    requires com.fasterxml.jackson.databind;
    requires org.eclipse.jetty.server;
    requires org.eclipse.jetty.alpn.server;
    requires org.eclipse.jetty.http2.server;
    requires org.bouncycastle.provider;
    requires org.bouncycastle.pkix;
    requires org.jdbi.v3.core;
    requires org.xerial.sqlitejdbc;
    requires java.logging;
    requires java.sql;
    requires io.prometheus.metrics.core;
    requires io.prometheus.metrics.model;
    requires info.picocli;
    requires java.net.http;
    requires org.slf4j;
    requires re2j;

    opens dev.declaw.server.template to
            com.fasterxml.jackson.databind;
    opens dev.declaw.server to
            info.picocli;
}
