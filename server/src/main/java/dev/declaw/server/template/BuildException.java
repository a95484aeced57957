package dev.declaw.server.template;

/// Why a build cannot be done or has failed, worded for whoever asked for it.
final class BuildException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String code;

    /// @param code stable snake_case code
    BuildException(String code, String message) {
        super(message);
        this.code = code;
    }

    String code() {
        return code;
    }
}
