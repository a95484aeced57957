/// The life of a sandbox: create, run, deadline, kill, adopt. Owns every microVM and every transition between states.
/// HTTP is not known here.
package dev.declaw.server.lifecycle;
