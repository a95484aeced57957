/// Names of people and postal addresses, found by the shared encoder.
package dev.declaw.guardrails.pii.names;
