/// Bodies and heads as texts that scanners can read, redaction tokens and their rehydration. No sockets here.
package dev.declaw.egress.content;
