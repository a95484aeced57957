/// The composition root: one program, roles chosen by its first argument.
package dev.declaw.server;
