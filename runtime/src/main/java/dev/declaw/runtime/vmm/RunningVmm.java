package dev.declaw.runtime.vmm;

import dev.declaw.linux.HostProcess;
import dev.declaw.linux.Tail;

/// A VMM process that was started here.
///
/// @param process the process
/// @param console the end of what the guest printed on its serial console and the VMM on stderr. The guest writes it: it
///     is for people's eyes and may lie
public record RunningVmm(HostProcess process, Tail console) {}
