/// The egress proxy: the only way out of a sandbox. DNS, TLS, HTTP, flows, and the control channel to the server.
/// The runtime is not known here.
module dev.declaw.egress {
    requires transitive dev.declaw.model;
    requires transitive dev.declaw.linux;
    requires transitive dev.declaw.rego;
    requires com.fasterxml.jackson.databind;
    requires org.slf4j;
    requires io.netty.common;
    requires io.netty.buffer;
    requires io.netty.transport;
    requires io.netty.codec;
    requires io.netty.handler;
    requires io.netty.codec.http2;
    requires io.netty.transport.unix.common;
    requires io.netty.transport.classes.epoll;
    requires io.netty.tcnative.classes.openssl;
    requires org.bouncycastle.provider;
    requires org.bouncycastle.pkix;
    requires com.aayushatharva.brotli4j;
    requires com.github.luben.zstd_jni;
    requires org.dnsjava;
    requires com.github.benmanes.caffeine;
    requires io.prometheus.metrics.core;
    requires io.prometheus.metrics.model;
    requires io.prometheus.metrics.config;
    requires io.prometheus.writer.text;

    exports dev.declaw.egress;
    exports dev.declaw.egress.audit;
    exports dev.declaw.egress.control;
    exports dev.declaw.egress.credential;
    exports dev.declaw.egress.explain;
    exports dev.declaw.egress.metrics;
}
