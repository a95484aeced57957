/// Governance packs: what this version does for the controls of known frameworks, and what it does not.
package dev.declaw.server.governance;
