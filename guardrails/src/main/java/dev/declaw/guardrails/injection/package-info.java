/// Prompt injection: text that gives an agent or model orders it should not take.
package dev.declaw.guardrails.injection;
