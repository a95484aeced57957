/// Small parts that behave: a host, a guest and a proxy in memory, a clock that is moved by hand, an HTTP client of bytes.
package dev.declaw.server.fake;
