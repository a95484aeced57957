/// The proxy as a whole: its configuration and the wiring of its parts.
package dev.declaw.egress;
