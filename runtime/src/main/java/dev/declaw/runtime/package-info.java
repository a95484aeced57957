/// The host's side of a sandbox, as the server sees it: boot a microVM in its slot, talk to its guest, release everything.
package dev.declaw.runtime;
