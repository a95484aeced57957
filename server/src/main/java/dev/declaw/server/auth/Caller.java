package dev.declaw.server.auth;

import java.util.Set;

/// Who calls.
///
/// @param owner tenant that everything belongs to
/// @param keyId key that was shown
/// @param scopes what this key may be used for
public record Caller(String owner, String keyId, String keyName, Set<Scope> scopes) {}
