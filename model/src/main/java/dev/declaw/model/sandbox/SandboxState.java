package dev.declaw.model.sandbox;

/// States of a sandbox. `UNKNOWN` is a state, never a guess: the store says so when the node cannot (L1).
public enum SandboxState {
    CREATING,
    RUNNING,
    PAUSED,
    KILLING,
    KILLED,
    UNKNOWN;

    /// The word on the wire. Official clients know only `live`, `running`, `paused`, `creating` and `killed`.
    public String wire() {
        return switch (this) {
            case CREATING -> "creating";
            case RUNNING, UNKNOWN -> "running";
            case PAUSED -> "paused";
            case KILLING, KILLED -> "killed";
        };
    }
}
