package dev.declaw.sdk.internal;

import java.util.Optional;

/// Query parameters; absent ones are left out.
public final class Query {
    private final StringBuilder text = new StringBuilder();

    public Query with(String name, Object value) {
        Object given = value instanceof Optional<?> optional ? optional.orElse(null) : value;
        if (given != null) {
            text.append(text.isEmpty() ? '?' : '&').append(name).append('=').append(Checks.encode(given.toString()));
        }
        return this;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
