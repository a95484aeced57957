/// ClientHello parsing, the per-sandbox CA and its leaves, BoringSSL contexts for both legs.
package dev.declaw.egress.tls;
