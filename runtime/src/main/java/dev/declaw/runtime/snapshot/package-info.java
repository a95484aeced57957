/// Saved machines: what belongs to one, and on which hosts it can go on.
package dev.declaw.runtime.snapshot;
