/// The real server as a process of its own, and the few HTTP calls that demo, tests and benchmarks make to it.
package dev.declaw.e2e.platform;
