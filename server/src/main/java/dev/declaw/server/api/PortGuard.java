package dev.declaw.server.api;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.auth.ApiKeys;
import dev.declaw.server.auth.Caller;
import dev.declaw.server.auth.Scope;
import dev.declaw.server.lifecycle.Sandboxes;
import java.util.Optional;
import java.util.Set;

/// Who may reach the ports of a sandbox: whoever has an API key of its owner, or the token of this one sandbox
/// (`traffic_access_token`), which opens nothing else and can be given away.
///
/// The token goes into `X-Traffic-Access-Token`, a key into `X-API-Key`: then `Authorization` is the guest's business and passed on, but for a key
/// of this server.
/// Without these two it must be our key, and is not.
final class PortGuard {
    static final String TOKEN_HEADER = "X-Traffic-Access-Token";
    private static final String KEY_HEADER = "X-API-Key";
    private static final String AUTHORIZATION = "Authorization";

    private final ApiKeys keys;
    private final Sandboxes sandboxes;

    PortGuard(ApiKeys keys, Sandboxes sandboxes) {
        this.keys = keys;
        this.sandboxes = sandboxes;
    }

    /// @param sandbox id from the path
    /// @throws PlatformFailure.Unauthenticated without a valid key or token
    Caller caller(HttpCall call, String sandbox) {
        String token = call.header(TOKEN_HEADER);
        if (token != null) {
            String owner = sandboxes
                    .ownerByTrafficToken(sandbox, token)
                    .orElseThrow(() -> new PlatformFailure.Unauthenticated(TOKEN_HEADER + " is not the traffic_access_token of this sandbox"));
            return new Caller(owner, "traffic", "traffic_access_token", Set.of(Scope.SANDBOXES), Optional.empty());
        }
        String key = call.header(KEY_HEADER);
        return keys.caller(key == null ? call.header(AUTHORIZATION) : null, key);
    }

    /// Lower-case names of the fields that the guest must not see.
    Set<String> secrets(HttpCall call) {
        boolean authorizationIsOurs = call.header(TOKEN_HEADER) == null && call.header(KEY_HEADER) == null
                || ApiKeys.holdsKey(call.header(AUTHORIZATION)); // clients send their key in both
        return authorizationIsOurs
                ? Set.of("x-traffic-access-token", "x-api-key", "authorization")
                : Set.of("x-traffic-access-token", "x-api-key");
    }
}
