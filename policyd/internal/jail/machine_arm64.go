package jail

import "golang.org/x/sys/unix"

const machineAudit = unix.AUDIT_ARCH_AARCH64

// Calls that only this machine has: none of those that are refused.
var machineCalls []uint32
