package dev.declaw.model.sandbox;

/// States of a sandbox. `UNKNOWN` is a state, never a guess: the store says so when the node cannot (L1).
public enum SandboxState {
    CREATING,
    RUNNING,
    /// Its machine is being saved; it goes on when that fails.
    PAUSING,
    PAUSED,
    /// A snapshot of it is being brought back.
    RESUMING,
    KILLING,
    KILLED,
    UNKNOWN;

    /// The word on the wire. Official clients know only `live`, `running`, `paused`, `creating` and `killed`.
    public String wire() {
        return switch (this) {
            case CREATING -> "creating";
            case RUNNING, PAUSING, UNKNOWN -> "running";
            case PAUSED, RESUMING -> "paused";
            case KILLING, KILLED -> "killed";
        };
    }
}
