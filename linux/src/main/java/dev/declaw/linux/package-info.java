/// Native calls and process starts: namespaces, sockets made inside them, descriptor passing, credentials, commands.
/// One small wrapper per call; each names its man page, says who closes a descriptor and what an `errno` becomes.
package dev.declaw.linux;
