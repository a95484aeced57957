/// The anchor engine shared by deterministic scanners.
package dev.declaw.guardrails;
