package dev.declaw.egress.tls;

import java.util.Optional;

/// What matters of a ClientHello (RFC 8446 §4.1.2).
///
/// @param serverName the one host name of the server_name extension as it was sent; empty when the extension is absent
/// @param encryptedHello whether an encrypted_client_hello extension is there, real or GREASE: both look alike, and a
///     real one hides the name that will be reached
/// @param earlyData whether the client sends data before the server has answered (0-RTT)
public record ClientHello(Optional<String> serverName, boolean encryptedHello, boolean earlyData) {}
