package dev.declaw.model.policy;

/// A policy that cannot be accepted. The message names the field by its JSON path and the form to write instead; the edge
/// turns it into HTTP 400 `invalid_policy`.
public final class PolicyException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String field;

    public PolicyException(String field, String message) {
        super(field + ": " + message);
        this.field = field;
    }

    /// JSON path of the offending field, for example `network.allow_out[2]`.
    public String field() {
        return field;
    }
}
