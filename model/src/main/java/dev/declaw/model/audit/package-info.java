/// Recorded facts and the hash chain that binds them. Never the text of a body, a match or a secret.
package dev.declaw.model.audit;
