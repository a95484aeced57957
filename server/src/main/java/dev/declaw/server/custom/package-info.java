/// Custom policies at the server: compiled when they come, and asked before a command or program starts.
package dev.declaw.server.custom;
