/// Secrets that sandboxes use without having them: sealed at rest, never shown again, handed to the egress proxy alone, which puts
/// them into requests to the places that their scopes name.
package dev.declaw.server.vault;
