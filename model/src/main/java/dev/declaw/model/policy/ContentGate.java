package dev.declaw.model.policy;

import java.util.List;
import java.util.Optional;

/// Which models and endpoints may be called at the hosts that it covers. A list that is absent allows everything of its
/// kind; a request that a list does not name is denied, whatever the network rules say.
///
/// @param models allowed model names, `*` standing for any run of characters; empty for no such list
/// @param endpoints allowed endpoints; empty for no such list
public record ContentGate(boolean enabled, HostSelector hosts, Optional<List<String>> models, Optional<List<Endpoint>> endpoints) {
    /// @param method upper case, or `*`
    /// @param path whole path, `*` standing for any run of characters
    public record Endpoint(String method, String path) {
        boolean covers(String requestMethod, String requestPath) {
            return (method.equals("*") || method.equals(requestMethod)) && Glob.matches(path, requestPath);
        }
    }

    public static final ContentGate OFF = new ContentGate(false, HostSelector.NONE, Optional.empty(), Optional.empty());

    public ContentGate {
        models = models.map(List::copyOf);
        endpoints = endpoints.map(List::copyOf);
    }

    /// @param path the request's path, percent-decoded, without the query
    public boolean allowsEndpoint(String method, String path) {
        return endpoints.isEmpty() || endpoints.get().stream().anyMatch(endpoint -> endpoint.covers(method, path));
    }

    public boolean allowsModel(String model) {
        return models.isEmpty() || models.get().stream().anyMatch(glob -> Glob.matches(glob, model));
    }
}
