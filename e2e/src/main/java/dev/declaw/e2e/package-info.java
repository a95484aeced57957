/// A small world to run against (DNS, TLS origins in a namespace), the demo, and the whole-system tests.
package dev.declaw.e2e;
