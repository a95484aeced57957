package dev.declaw.server.ports;

import java.util.Set;

/// Where an exchange goes and how it is dressed.
///
/// @param requestTarget path and query inside the guest, as they came (RFC 9112 §3.2.1)
/// @param host value of `Host` towards the guest
/// @param prefix path in front of `requestTarget` on the outside, for `X-Forwarded-Prefix`
/// @param secrets lower-case names of request fields that authenticated the caller to us and are not the guest's to see
public record PortTarget(String requestTarget, String host, String prefix, Set<String> secrets) {}
