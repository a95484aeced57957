package dev.declaw.server.api;

import java.util.Map;

/// Environment variables of a request: what execve(2) can pass on.
final class Environment {
    /// All of them together; the kernel's limit for one string is 128 KiB.
    private static final int CHARS_MAX = 128 * 1024;

    private Environment() {}

    static Map<String, String> read(JsonBody body, String name) {
        Map<String, String> envs = body.textMap(name, CHARS_MAX);
        envs.forEach((variable, value) -> {
            if (variable.isEmpty() || variable.indexOf('=') >= 0 || variable.indexOf('\0') >= 0) {
                throw JsonBody.wrong(name, "has a variable whose name is empty or contains '=' or NUL");
            }
            if (value.indexOf('\0') >= 0) throw JsonBody.wrong(name + "." + variable, "contains a NUL character");
        });
        return envs;
    }
}
