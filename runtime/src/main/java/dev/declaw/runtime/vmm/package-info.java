/// The programs that run a guest, behind one sealed interface, and the question whether this machine has KVM.
package dev.declaw.runtime.vmm;
