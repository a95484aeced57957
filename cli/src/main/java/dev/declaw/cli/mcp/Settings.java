package dev.declaw.cli.mcp;

import dev.declaw.sdk.json.JsonObject;
import dev.declaw.sdk.policy.NetworkRules;
import java.time.Duration;
import java.util.Optional;

/// What the operator fixed for every sandbox.
///
/// @param sandboxesMax at once, of all clients together
/// @param network empty when `security` has rules of its own
public record Settings(
        String template, Duration timeout, int sandboxesMax, Optional<NetworkRules> network, Optional<JsonObject> security) {}
