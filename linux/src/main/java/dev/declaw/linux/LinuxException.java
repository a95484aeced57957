package dev.declaw.linux;

/// A system call that failed: which one, and its `errno` (errno(3)).
public final class LinuxException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int errno;

    public LinuxException(String call, int errno) {
        super(call + " failed with " + Errno.name(errno));
        this.errno = errno;
    }

    public int errno() {
        return errno;
    }
}
