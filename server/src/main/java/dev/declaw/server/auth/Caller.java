package dev.declaw.server.auth;

import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/// Who calls.
///
/// @param owner tenant that everything belongs to
/// @param keyId key that was shown
/// @param scopes what this key may be used for
/// @param expires when this key ends; empty for one that lasts until it is revoked
public record Caller(String owner, String keyId, String keyName, Set<Scope> scopes, Optional<Instant> expires) {}
