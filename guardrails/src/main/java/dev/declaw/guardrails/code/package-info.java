/// Code that does harm: dangerous commands, attack payloads, malicious packages; insecure code as advice.
package dev.declaw.guardrails.code;
