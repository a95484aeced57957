/// The one [dev.declaw.model.policy.SecurityPolicy] object, its strict reader, and the pure decisions the data plane asks it for.
package dev.declaw.model.policy;
