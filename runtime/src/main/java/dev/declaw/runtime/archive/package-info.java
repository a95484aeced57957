/// What saved machines become outside of this host's own files: deduplicated, compressed, sealed for one tenant, and complete
/// only when the entry that names all of it was written.
package dev.declaw.runtime.archive;
