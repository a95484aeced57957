package jail

import "golang.org/x/sys/unix"

const machineAudit = unix.AUDIT_ARCH_X86_64

// Calls that only this machine has.
var machineCalls = []uint32{unix.SYS_OPEN, unix.SYS_CREAT, unix.SYS_FORK, unix.SYS_VFORK}
