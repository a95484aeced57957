package dev.declaw.egress.credential;

import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.HostSelector;
import java.util.Optional;
import java.util.Set;

/// Where a credential may go: all of it must fit. A bare address has no name, so none goes there.
///
/// @param hosts exact names, `*.suffix`, `~regex` (whole name)
/// @param schemes `https`, or also `http` where its owner says so
/// @param ports of the destination
/// @param methods upper case; empty for all
/// @param pathPrefix whole segments: `/v1` covers `/v1` and `/v1/x`, not `/v10`
public record Binding(HostSelector hosts, Set<String> schemes, Set<Integer> ports, Set<String> methods, String pathPrefix) {
    /// A request as the credentials see it.
    ///
    /// @param target path and query
    public record Request(String scheme, Optional<HostName> host, int port, String method, String target) {}

    public Binding {
        schemes = Set.copyOf(schemes);
        ports = Set.copyOf(ports);
        methods = Set.copyOf(methods);
    }

    public boolean fits(Request request) {
        return request.host().isPresent()
                && hosts.covers(request.host())
                && schemes.contains(request.scheme())
                && ports.contains(request.port())
                && (methods.isEmpty() || methods.contains(request.method()))
                && below(request.target());
    }

    /// A path that another reader may resolve to a different one fits no prefix but `/`.
    private boolean below(String target) {
        if (pathPrefix.equals("/")) return true;
        int question = target.indexOf('?');
        String path = question < 0 ? target : target.substring(0, question);
        if (path.indexOf('%') >= 0 || path.indexOf('\\') >= 0 || path.indexOf(';') >= 0 || path.contains("//")) return false;
        if (path.contains("/../") || path.contains("/./") || path.endsWith("/..") || path.endsWith("/.")) return false;
        String prefix = pathPrefix.endsWith("/") ? pathPrefix.substring(0, pathPrefix.length() - 1) : pathPrefix;
        return path.equals(prefix) || path.startsWith(prefix + "/");
    }
}
