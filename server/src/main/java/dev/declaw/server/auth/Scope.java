package dev.declaw.server.auth;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// What a key may be used for, within its tenant.
public enum Scope {
    /// Everything may be read, nothing changed.
    READ,
    /// Sandboxes, their commands, files, ports and snapshots; templates.
    SANDBOXES,
    VOLUMES,
    /// Secrets: make, rotate, delete. Using one in a sandbox needs no more than `sandboxes`.
    VAULT,
    AUDIT,
    /// Account, usage and the keys of the tenant.
    ACCOUNT,
    /// Other tenants: make them and set their limits; the metrics of the whole server. Not part of [#TENANT].
    ADMIN;

    /// All of a tenant's own, written `tenant`.
    public static final Set<Scope> TENANT = Set.copyOf(EnumSet.complementOf(EnumSet.of(ADMIN)));

    private static final String TENANT_WORD = "tenant";

    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The scopes behind a word; empty when it is none.
    public static Optional<Set<Scope>> parse(String word) {
        if (word.equals(TENANT_WORD)) return Optional.of(TENANT);
        return Arrays.stream(values()).filter(scope -> scope.wire().equals(word)).findFirst().map(Set::of);
    }

    /// Words that [#parse] knows.
    public static List<String> words() {
        return java.util.stream.Stream.concat(
                        java.util.stream.Stream.of(TENANT_WORD), Arrays.stream(values()).map(Scope::wire))
                .toList();
    }

    /// As it is stored.
    static String format(Set<Scope> scopes) {
        return scopes.stream().sorted().map(Scope::wire).collect(Collectors.joining(","));
    }

    /// Reads what [#format] wrote. A word that is not known gives nothing: an older program must not guess.
    static Set<Scope> parseStored(String text) {
        return Arrays.stream(text.split(","))
                .flatMap(word -> parse(word).orElse(Set.of()).stream())
                .collect(Collectors.toUnmodifiableSet());
    }

    /// The scopes that a request needs, all of them; none when every key will do.
    ///
    /// @param path segments of the route
    public static Set<Scope> needed(List<String> path) {
        return switch (path.getFirst()) {
            case "auth", "governance", "guardrails" -> Set.of();
            case "audit" -> Set.of(AUDIT);
            case "volumes" -> Set.of(VOLUMES);
            case "teams", "vault" -> Set.of(VAULT);
            case "accounts" -> Set.of(ACCOUNT);
            case "tenants", "metrics" -> Set.of(ADMIN);
            case "sandboxes" -> path.size() < 3
                    ? Set.of(SANDBOXES)
                    : switch (path.get(2)) {
                        case "audit" -> Set.of(AUDIT);
                        case "volumes" -> Set.of(SANDBOXES, VOLUMES);
                        default -> Set.of(SANDBOXES);
                    };
            default -> Set.of(SANDBOXES);
        };
    }

    /// Whether these scopes cover a request. [#READ] covers every `GET` that only looks: not what is behind a guest's port, where a `GET` may
    /// do anything.
    public static boolean allows(Set<Scope> held, String method, List<String> path) {
        Set<Scope> needed = needed(path);
        if (held.containsAll(needed)) return true;
        boolean looks = method.equals("GET") && !(path.size() > 2 && path.get(2).equals("ports"));
        return looks && held.contains(READ) && !needed.contains(ADMIN);
    }
}
