/// Sandboxes and what belongs to them: commands, files, terminals, audit, snapshots, volumes, secrets, templates.
package dev.declaw.sdk;
