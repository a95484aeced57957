/// The policy service as its clients see it.
package dev.declaw.rego;
