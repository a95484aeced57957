package dev.declaw.rego;

/// One message of a deny set.
///
/// @param rule package and name of the rule, or `pack@version control`; holds nothing of the input, so it may be recorded
/// @param message what the rule's author says, at most 300 characters; may quote the input
public record Denial(String rule, String message) {}
