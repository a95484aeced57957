/// Toxicity: text that insults, threatens, hates, harasses or abuses.
package dev.declaw.guardrails.toxicity;
