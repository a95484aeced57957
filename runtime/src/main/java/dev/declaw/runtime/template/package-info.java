/// Templates: named, immutable starting points, built from declarative definitions.
package dev.declaw.runtime.template;
