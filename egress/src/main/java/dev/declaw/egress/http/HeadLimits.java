package dev.declaw.egress.http;

/// @param headBytesMax start line, fields and the empty line
/// @param fieldsMax fields of one message
public record HeadLimits(int headBytesMax, int fieldsMax) {}
