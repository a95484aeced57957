/// What the server tells its operator's monitoring.
package dev.declaw.server.metrics;
