/// Text that shows nothing: smuggled instructions, reordered code, padding. Tables come from the Unicode data of the
/// JDK, the exceptions from Unicode's annexes.
package dev.declaw.guardrails.invisible;
