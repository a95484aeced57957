package dev.declaw.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// A classic BPF program for seccomp(2), applied to all threads at once: execve(2), execveat(2) and ptrace(2) fail with EPERM,
/// and so does every call of a foreign calling convention. Everything else passes.
final class SystemCallFilter {
    private static final int SECCOMP_SET_MODE_FILTER = 1;
    private static final long SECCOMP_FILTER_FLAG_TSYNC = 1;

    // linux/bpf_common.h, linux/seccomp.h: offsets into struct seccomp_data, opcodes, verdicts.
    private static final int LOAD_WORD = 0x20;
    private static final int JUMP_IF_EQUAL = 0x15;
    private static final int JUMP_IF_AT_LEAST = 0x35;
    private static final int RETURN = 0x06;
    private static final int OFFSET_NUMBER = 0;
    private static final int OFFSET_ARCHITECTURE = 4;
    private static final int VERDICT_ALLOW = 0x7fff0000;
    private static final int VERDICT_EPERM = 0x00050001;
    /// Numbers from here on are the x32 convention on x86-64 and unused on arm64.
    private static final int FOREIGN_NUMBERS = 0x40000000;

    /// Numbers from the machines' `asm/unistd.h`; `audit` is AUDIT_ARCH of linux/audit.h.
    private record Machine(int audit, long seccomp, int execve, int execveat, int ptrace) {
        static Machine current() {
            return switch (System.getProperty("os.arch")) {
                case "amd64" -> new Machine(0xC000003E, 317, 59, 322, 101);
                case "aarch64" -> new Machine(0xC00000B7, 277, 221, 281, 117);
                default -> throw new UnsupportedOperationException("no system call numbers for this machine");
            };
        }
    }

    private static final MethodHandle SYSCALL =
            Native.linkVariadic("syscall", 1, Native.LONG, Native.LONG, Native.LONG, Native.LONG, Native.POINTER);

    private SystemCallFilter() {}

    /// Precondition: "no new privileges" is set on this thread.
    static void forbidExecution(Arena arena, MemorySegment capture) throws Throwable {
        Machine machine = Machine.current();
        // { opcode, jump if true, jump if false, constant }: jumps count instructions, the last two are the verdicts.
        int[][] program = {
            {LOAD_WORD, 0, 0, OFFSET_ARCHITECTURE},
            {JUMP_IF_EQUAL, 0, 6, machine.audit()},
            {LOAD_WORD, 0, 0, OFFSET_NUMBER},
            {JUMP_IF_AT_LEAST, 4, 0, FOREIGN_NUMBERS},
            {JUMP_IF_EQUAL, 3, 0, machine.execve()},
            {JUMP_IF_EQUAL, 2, 0, machine.execveat()},
            {JUMP_IF_EQUAL, 1, 0, machine.ptrace()},
            {RETURN, 0, 0, VERDICT_ALLOW},
            {RETURN, 0, 0, VERDICT_EPERM},
        };
        MemorySegment filter = arena.allocate(8L * program.length, 8);
        for (int i = 0; i < program.length; i++) {
            filter.set(ValueLayout.JAVA_SHORT, 8L * i, (short) program[i][0]);
            filter.set(ValueLayout.JAVA_BYTE, 8L * i + 2, (byte) program[i][1]);
            filter.set(ValueLayout.JAVA_BYTE, 8L * i + 3, (byte) program[i][2]);
            filter.set(ValueLayout.JAVA_INT, 8L * i + 4, program[i][3]);
        }
        MemorySegment sockFprog = arena.allocate(16, 8);
        sockFprog.set(ValueLayout.JAVA_SHORT, 0, (short) program.length);
        sockFprog.set(ValueLayout.ADDRESS, 8, filter);
        long result = (long) SYSCALL.invokeExact(
                capture, machine.seccomp(), (long) SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, sockFprog);
        // A positive result is the id of a thread that could not be brought under the filter.
        if (result > 0) throw new IllegalStateException("thread " + result + " did not take the system call filter");
        Native.check("seccomp", (int) result, capture);
    }
}
