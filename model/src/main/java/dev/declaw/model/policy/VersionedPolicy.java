package dev.declaw.model.policy;

/// A policy with its version, which counts up with each change and stands in every event.
public record VersionedPolicy(int version, SecurityPolicy policy) {}
