/// What outlives a microVM: the parts of templates and snapshots, named, with their digests.
package dev.declaw.runtime.storage;
