/// The audit log: one hash chain per sandbox, fed by the server and by the egress proxy's spool, and the questions asked of it.
package dev.declaw.server.audit;
