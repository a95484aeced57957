package dev.declaw.server.config;

import java.util.List;

/// A configuration that cannot be used: all of its problems at once, each naming where it stands and what to write instead.
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient List<String> problems;

    public ConfigException(List<String> problems) {
        super(String.join("\n", problems));
        this.problems = List.copyOf(problems);
    }

    public List<String> problems() {
        return problems;
    }
}
