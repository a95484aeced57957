/// What the operator decides: one immutable record tree, read once from defaults, a file and the environment.
package dev.declaw.server.config;
