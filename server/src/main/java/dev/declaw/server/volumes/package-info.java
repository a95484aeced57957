/// Volumes: files that outlive sandboxes. Names stand in the store, contents in blobs with random names, so that no name that a
/// caller chooses is ever a path of the host. Archives, locks, and what happens when a volume is attached to a sandbox.
package dev.declaw.server.volumes;
