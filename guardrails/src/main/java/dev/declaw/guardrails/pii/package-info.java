/// Personal data: recognisers with real validators.
package dev.declaw.guardrails.pii;
