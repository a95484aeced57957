package dev.declaw.runtime.vmm;

/// @param accelerator what guests of this machine run on
/// @param reason one sentence for people: why this one, and what would change it
public record AcceleratorChoice(Accelerator accelerator, String reason) {}
