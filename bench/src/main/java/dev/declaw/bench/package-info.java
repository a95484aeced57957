/// Benchmarks that start the real product and print one JSON line each.
package dev.declaw.bench;
