package dev.declaw.egress.dns;

import dev.declaw.model.policy.VersionedPolicy;

/// What the resolver needs to know of the sandbox whose question arrived.
public interface Questioner {
    String sandboxId();

    /// The policy in force: read it once per question.
    VersionedPolicy policy();

    SyntheticNames names();
}
