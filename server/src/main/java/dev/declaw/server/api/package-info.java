/// The REST and SSE interface that the official clients speak. Parses requests once into typed values and words the answers;
/// decides nothing about sandboxes itself.
package dev.declaw.server.api;
