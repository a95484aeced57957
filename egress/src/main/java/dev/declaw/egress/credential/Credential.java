package dev.declaw.egress.credential;

import java.util.Map;
import java.util.Optional;

/// One secret and how it goes into a request.
///
/// @param id for the audit log
/// @param header field that carries it; for [Kind#QUERY] unused
/// @param name user for [Kind#BASIC], parameter for [Kind#QUERY], else unused
/// @param prefix stands before the value in the field
/// @param value empty when the vault could not give it: what it is bound to is then denied
/// @param masked what must not come back in a response: the value, a part of it, or nothing where it is no secret
/// @param extraHeaders further fields that the API asks for; no secrets
/// @param extraQuery further parameters; no secrets
/// @param signing how it signs, for [Kind#SIGNED]
public record Credential(
        String id,
        Kind kind,
        String header,
        String name,
        String prefix,
        Optional<SecretText> value,
        SecretText masked,
        Map<String, String> extraHeaders,
        Map<String, String> extraQuery,
        Optional<Signing> signing,
        Binding binding) {
    public enum Kind {
        BEARER,
        HEADER,
        BASIC,
        QUERY,
        /// It stays here; a signature made with it goes.
        SIGNED
    }

    public Credential {
        extraHeaders = Map.copyOf(extraHeaders);
        extraQuery = Map.copyOf(extraQuery);
    }
}
