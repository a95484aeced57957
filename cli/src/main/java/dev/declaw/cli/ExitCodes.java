package dev.declaw.cli;

import dev.declaw.sdk.DeclawException;

/// What the program ends with. `exec`, `shell` and `logs PID` end with the command's own code.
final class ExitCodes {
    static final int FAILURE = 1;
    static final int USAGE = 2;
    static final int NOT_FOUND = 3;
    static final int REFUSED = 4;
    static final int CONFLICT = 5;
    static final int LIMIT = 6;
    static final int UNREACHABLE = 7;

    private ExitCodes() {}

    static int of(DeclawException failure) {
        if (failure instanceof DeclawException.InvalidArgument) return USAGE;
        if (failure instanceof DeclawException.NotFound || failure instanceof DeclawException.Gone) return NOT_FOUND;
        if (failure instanceof DeclawException.Unauthenticated) return REFUSED;
        if (failure instanceof DeclawException.PermissionDenied) return REFUSED;
        if (failure instanceof DeclawException.Conflict) return CONFLICT;
        if (failure instanceof DeclawException.RateLimited || failure instanceof DeclawException.TooLarge) return LIMIT;
        if (failure instanceof DeclawException.ConnectionFailed || failure instanceof DeclawException.Unavailable) {
            return UNREACHABLE;
        }
        return FAILURE;
    }
}
