/// Counters of a process in the Prometheus text format, for the server's `GET /metrics`.
package dev.declaw.egress.metrics;
