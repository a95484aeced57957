package dev.declaw.egress.tls;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;

/// Which versions of HTTP are spoken inside TLS (RFC 7301). A peer that shares none of them gets none, and is then read as
/// HTTP/1.1 or refused by its bytes.
final class Alpn {
    static final ApplicationProtocolConfig HTTP_1_1 = of(ApplicationProtocolNames.HTTP_1_1);
    static final ApplicationProtocolConfig HTTP_2_OR_1_1 =
            of(ApplicationProtocolNames.HTTP_2, ApplicationProtocolNames.HTTP_1_1);

    private Alpn() {}

    private static ApplicationProtocolConfig of(String... protocols) {
        return new ApplicationProtocolConfig(
                ApplicationProtocolConfig.Protocol.ALPN,
                ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                protocols);
    }
}
