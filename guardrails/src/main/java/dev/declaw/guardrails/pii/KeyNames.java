package dev.declaw.guardrails.pii;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// What the name of a field, variable, header or parameter says about its value.
final class KeyNames {
    /// How secret a name says its value is.
    enum Secrecy {
        /// `password`: even a weak value counts.
        PASSWORD,
        /// `api_key`, `token`: the value must look made by a machine.
        CREDENTIAL,
        NONE
    }

    private static final int NAME_CHARS_MAX = 80;

    private static final Set<String> PASSWORDS =
            Set.of("password", "passwd", "pwd", "pass", "passphrase", "passcode", "pw", "contraseña", "passwort");
    private static final Set<String> CREDENTIALS = Set.of(
            "secret", "secrets", "token", "tokens", "apikey", "credential", "credentials", "auth", "authorization",
            "bearer", "jwt", "accesskey", "secretkey", "privatekey", "authtoken", "accesstoken", "clientsecret",
            "refreshtoken", "pat", "webhook", "salt", "apitoken", "apisecret", "licensekey", "signingkey");
    /// What makes a plain `key` a secret one.
    private static final Set<String> SECRET_KEYS = Set.of(
            "api", "access", "secret", "private", "signing", "encryption", "auth", "master", "account", "service",
            "license", "app", "application", "client", "admin", "deploy", "session", "cipher", "crypto", "jwt", "hmac",
            "aes", "stripe", "openai", "anthropic", "sendgrid", "mailgun", "twilio", "datadog", "github", "gitlab",
            "aws", "azure", "gcp", "google", "slack", "write", "subscription", "functions", "storage", "x");
    /// A name that ends so is about a secret and not one.
    private static final Set<String> ABOUT = Set.of(
            "id", "ids", "count", "max", "min", "limit", "name", "names", "length", "len", "type", "url", "uri", "path",
            "file", "dir", "expires", "expiry", "expiration", "ttl", "policy", "field", "label", "hint", "reset", "enabled",
            "required", "usage", "budget", "index", "size", "format", "version", "date", "at", "in", "created", "updated",
            "env", "var", "ref", "scope", "endpoint", "provider", "algorithm", "prefix", "header", "method", "manager",
            "store", "arn", "status", "strength", "issuer", "audience");
    /// Words that make a token somebody's bookmark or a unit of text.
    private static final Set<String> HARMLESS = Set.of(
            "page", "next", "prev", "previous", "continuation", "cursor", "sync", "max", "min", "num", "n", "total",
            "prompt", "completion", "input", "output", "public", "pub", "pad", "eos", "bos", "unk", "mask", "csrf",
            "idempotency", "primary", "foreign", "sort", "partition", "cache", "hash", "cached", "reasoning", "stop",
            "special", "used", "per");

    private KeyNames() {}

    static Secrecy secrecy(String name) {
        List<String> words = words(name);
        if (words.isEmpty()) return Secrecy.NONE;
        String last = words.getLast();
        if (ABOUT.contains(last)) return Secrecy.NONE;
        boolean harmless = false;
        for (String word : words) harmless |= HARMLESS.contains(word);
        if (PASSWORDS.contains(last) || words.contains("password") || words.contains("passphrase")) {
            return Secrecy.PASSWORD;
        }
        if (harmless) return Secrecy.NONE;
        if (CREDENTIALS.contains(last) || words.contains("secret") || words.contains("apikey")) return Secrecy.CREDENTIAL;
        String before = words.size() > 1 ? words.get(words.size() - 2) : "";
        if (last.equals("key") || last.equals("keys")) {
            boolean shouted = words.size() > 1 && name.equals(name.toUpperCase(Locale.ROOT));
            return shouted || SECRET_KEYS.contains(before) ? Secrecy.CREDENTIAL : Secrecy.NONE;
        }
        return before.equals("api") && last.equals("value") ? Secrecy.CREDENTIAL : Secrecy.NONE;
    }

    /// The kind of number that a field's name announces.
    static ContextKind kind(String name) {
        List<String> words = words(name);
        ContextKind kind = ContextKind.NONE;
        String joined = String.join(" ", words);
        if (joined.contains("social security") || joined.contains("socialsecurity")) return ContextKind.SSN;
        for (String word : words) {
            ContextKind found = ContextWords.ALL.getOrDefault(word, ContextKind.NONE);
            boolean weaker = found == ContextKind.IDENTIFIER || found == ContextKind.IP;
            if (found != ContextKind.NONE && (kind == ContextKind.NONE || !weaker)) kind = found;
        }
        return kind;
    }

    /// The parts of `snake_case`, `kebab-case`, `dotted.case` and `camelCase`, in lower case.
    static List<String> words(String name) {
        List<String> words = new ArrayList<>(4);
        int end = Math.min(name.length(), NAME_CHARS_MAX);
        int start = 0;
        for (int i = 0; i <= end; i++) {
            boolean cut = i == end || !Character.isLetterOrDigit(name.charAt(i));
            boolean hump = !cut
                    && i > start
                    && Character.isUpperCase(name.charAt(i))
                    && Character.isLowerCase(name.charAt(i - 1));
            if (!cut && !hump) continue;
            if (i > start) words.add(name.substring(start, i).toLowerCase(Locale.ROOT));
            start = hump ? i : i + 1;
        }
        return words;
    }
}
