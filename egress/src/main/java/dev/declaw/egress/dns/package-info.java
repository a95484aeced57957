/// The guest's only resolver (synthetic addresses) and our own upstream resolution.
package dev.declaw.egress.dns;
