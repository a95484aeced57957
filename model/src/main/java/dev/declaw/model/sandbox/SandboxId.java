package dev.declaw.model.sandbox;

import java.util.regex.Pattern;

/// Id of one sandbox for its whole life: `sbx-` and 8 to 32 lower-case hex digits (wire-api 1.7 asks for
/// `^[a-zA-Z0-9_-]+$`; the prefix is what the official test suites assert).
public record SandboxId(String value) {
    private static final Pattern FORM = Pattern.compile("sbx-[0-9a-f]{8,32}");

    public SandboxId {
        if (!FORM.matcher(value).matches()) {
            throw new IllegalArgumentException("not a sandbox id: it has the form sbx-<hex>");
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
