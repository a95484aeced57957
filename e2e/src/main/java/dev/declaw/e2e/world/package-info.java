/// A small internet in a network namespace: a DNS server, TLS and plain origins that record every byte they get.
package dev.declaw.e2e.world;
