package dev.declaw.runtime.vmm;

/// What executes the guest's instructions.
public enum Accelerator {
    /// The processor, through the kernel's KVM.
    KVM,
    /// QEMU's translator: correct and isolated, but 1.2 to 15 times slower.
    TCG
}
