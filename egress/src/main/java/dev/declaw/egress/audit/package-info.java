/// Where the proxy's decisions become durable before a byte leaves: an append-only spool that the server reads, or a file.
package dev.declaw.egress.audit;
