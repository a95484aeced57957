/// All scanners over one text, for people and clients who want to see what each says.
package dev.declaw.guardrails.report;
