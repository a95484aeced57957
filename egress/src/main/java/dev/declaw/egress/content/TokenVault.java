package dev.declaw.egress.content;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The redaction tokens of one sandbox and what they stand for. Memory only, bounded, thread-safe; prints no value.
///
/// The same value of the same type has the same token for the sandbox's whole life (`REDACTED_SSN_1`). A token is bound
/// to the hosts that its value was sent to, and is turned back only in responses of those: a token that the guest makes
/// up, or passes on to another host, reveals nothing there. Numbers that the guest's own text already uses are skipped.
public final class TokenVault implements AutoCloseable {
    /// Tokens of one sandbox.
    static final int TOKENS_MAX = 100_000;
    /// UTF-16 characters of all values and host bindings together.
    static final long CHARS_MAX = 16L * 1024 * 1024;
    /// Foreign tokens remembered so that they are not minted; beyond it only the guest's own text can get confused.
    private static final int FOREIGN_MAX = 10_000;

    private record Secret(String type, String value) {
        @Override
        public String toString() {
            return type;
        }
    }

    private static final class Entry {
        final String token;
        final String value;
        final Set<String> hosts = HashSet.newHashSet(1);

        Entry(String token, String value) {
            this.token = token;
            this.value = value;
        }
    }

    private final int tokensMax;
    private final long charsMax;
    private final Map<Secret, Entry> bySecret = new HashMap<>();
    private final Map<String, Entry> byToken = new HashMap<>();
    private final Map<String, Integer> lastNumber = new HashMap<>();
    private final Set<String> foreign = new HashSet<>();
    private final Map<String, Integer> tokensOfHost = new HashMap<>();
    private long chars;
    private boolean closed;

    public TokenVault() {
        this(TOKENS_MAX, CHARS_MAX);
    }

    TokenVault(int tokensMax, long charsMax) {
        this.tokensMax = tokensMax;
        this.charsMax = charsMax;
    }

    /// The token for a value that is about to be sent to a host; minted on first use.
    ///
    /// @param type wire name such as `ssn`
    /// @param host canonical host name or IP literal that the request goes to
    /// @throws VaultFullException when a limit is reached or the vault is closed; the request must not leave
    public synchronized String tokenFor(String type, String value, String host) {
        if (closed) throw new VaultFullException();
        Secret secret = new Secret(type, value);
        Entry entry = bySecret.get(secret);
        if (entry == null) {
            if (byToken.size() >= tokensMax) throw new VaultFullException();
            take(value.length() + host.length());
            entry = new Entry(nextToken(type), value);
            bySecret.put(secret, entry);
            byToken.put(entry.token, entry);
            bind(entry, host);
        } else if (!entry.hosts.contains(host)) {
            take(host.length());
            bind(entry, host);
        }
        return entry.token;
    }

    private void bind(Entry entry, String host) {
        entry.hosts.add(host);
        tokensOfHost.merge(host, 1, Integer::sum);
    }

    private void take(int more) {
        if (chars + more > charsMax) throw new VaultFullException();
        chars += more;
    }

    private String nextToken(String type) {
        String prefix = Tokens.PREFIX + type.toUpperCase(Locale.ROOT) + "_";
        int number = lastNumber.getOrDefault(prefix, 0);
        String token;
        do {
            number++;
            token = prefix + number;
        } while (foreign.contains(token));
        if (number > Tokens.NUMBER_MAX) throw new VaultFullException();
        lastNumber.put(prefix, number);
        return token;
    }

    /// Notes token-like text that the guest itself sends, so that no value ever gets that token.
    synchronized void avoid(String token) {
        if (!closed && foreign.size() < FOREIGN_MAX && !byToken.containsKey(token)) foreign.add(token);
    }

    /// The value of a token in a response of this host; empty for tokens never minted here or not bound to the host.
    synchronized Optional<String> valueOf(String token, String host) {
        Entry entry = byToken.get(token);
        return entry != null && entry.hosts.contains(host) ? Optional.of(entry.value) : Optional.empty();
    }

    /// True while no token is bound to the host: its responses need no rehydration.
    public synchronized boolean idle(String host) {
        return !tokensOfHost.containsKey(host);
    }

    /// Forgets everything; later calls mint nothing.
    @Override
    public synchronized void close() {
        closed = true;
        bySecret.clear();
        byToken.clear();
        lastNumber.clear();
        foreign.clear();
        tokensOfHost.clear();
        chars = 0;
    }

    @Override
    public synchronized String toString() {
        return "TokenVault[" + byToken.size() + " tokens]";
    }

    /// No room for another token.
    static final class VaultFullException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        VaultFullException() {
            super("the sandbox's redaction tokens are used up");
        }
    }
}
