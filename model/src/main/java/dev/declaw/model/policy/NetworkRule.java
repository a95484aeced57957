package dev.declaw.model.policy;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.declaw.model.network.Cidr;
import dev.declaw.model.network.HostName;
import java.net.InetAddress;
import java.util.Optional;

/// One entry of `allow_out` or `deny_out`, parsed once. `source` is the entry as its author wrote it.
public sealed interface NetworkRule {
    String source();

    /// `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`.
    record Block(String source, Cidr cidr) implements NetworkRule {}

    /// `api.example.com`: this name only.
    record Exact(String source, HostName host) implements NetworkRule {}

    /// `*.example.com`: one or more labels before the suffix, not the apex.
    record Suffix(String source, String suffix) implements NetworkRule {}

    /// `~regex`: a linear-time expression (RE2 syntax) that must match the whole canonical name.
    record Expression(String source, Pattern pattern) implements NetworkRule {}

    /// `*`, `ALL_TRAFFIC`, `0.0.0.0/0`, `::/0`.
    record Everything(String source) implements NetworkRule {}

    default boolean matches(HostName host) {
        return switch (this) {
            case Exact exact -> exact.host().equals(host);
            case Suffix suffix -> host.isBelow(suffix.suffix());
            case Expression expression -> expression.pattern().matches(host.value());
            case Everything _ -> true;
            case Block _ -> false;
        };
    }

    default boolean matches(InetAddress address) {
        return switch (this) {
            case Block block -> block.cidr().contains(address);
            case Everything _ -> true;
            case Exact _, Suffix _, Expression _ -> false;
        };
    }

    int SOURCE_CHARS_MAX = 1000;

    /// Reads one entry.
    ///
    /// @throws PolicyException naming the form to write instead
    static NetworkRule parse(String field, String source) {
        if (source.isEmpty() || source.length() > SOURCE_CHARS_MAX) {
            throw new PolicyException(field, "an entry has 1 to " + SOURCE_CHARS_MAX + " characters");
        }
        if (source.equals("*") || source.equals("ALL_TRAFFIC")) {
            return new Everything(source);
        }
        if (source.startsWith("~")) {
            try {
                return new Expression(source, Pattern.compile(source.substring(1), Pattern.CASE_INSENSITIVE));
            } catch (PatternSyntaxException e) {
                throw new PolicyException(field, "'" + source + "' is no RE2 expression: " + e.getDescription());
            }
        }
        Optional<Cidr> cidr = Cidr.parse(source);
        if (cidr.isPresent()) {
            return cidr.get().isEverything() ? new Everything(source) : new Block(source, cidr.get());
        }
        boolean wildcard = source.startsWith("*.");
        Optional<HostName> host = HostName.parse(wildcard ? source.substring(2) : source);
        if (host.isEmpty()) {
            throw new PolicyException(
                    field,
                    "'" + source + "' is none of: an IP address, a CIDR block, a host name (a.example.com), "
                            + "a wildcard (*.example.com, leading label only), ~regex, *");
        }
        return wildcard ? new Suffix(source, host.get().value()) : new Exact(source, host.get());
    }
}
