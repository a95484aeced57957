package dev.declaw.server.api;

import dev.declaw.model.failure.PlatformFailure;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/// Finds the endpoint of a request: the first route of the table whose method and path fit. Immutable.
final class Router {
    /// What answers a request.
    interface Endpoint {
        void serve(HttpCall call) throws Exception;
    }

    /// @param path literal segments and `{variables}`; a `{rest...}` at its end stands for any number of segments, which nobody is told
    /// @param open whether it is served without an API key
    record Route(String method, List<String> path, Endpoint endpoint, boolean open) {
        private static final String REST = "{rest...}";

        /// The path as the table has it.
        String template() {
            return "/" + String.join("/", path);
        }

        /// Whether it leads to a port of a sandbox, which has a guard of its own.
        boolean port() {
            return path.getLast().equals(REST);
        }

        static Route of(String method, String path, Endpoint endpoint) {
            return new Route(method, segments(path), endpoint, false);
        }

        static Route open(String method, String path, Endpoint endpoint) {
            return new Route(method, segments(path), endpoint, true);
        }

        private static List<String> segments(String path) {
            return List.of(path.substring(1).split("/"));
        }

        Optional<Map<String, String>> match(List<String> asked) {
            int named = port() ? path.size() - 1 : path.size();
            if (port() ? asked.size() < named : asked.size() != named) return Optional.empty();
            Map<String, String> variables = new HashMap<>();
            for (int i = 0; i < named; i++) {
                String part = path.get(i);
                if (part.startsWith("{")) variables.put(part.substring(1, part.length() - 1), asked.get(i));
                else if (!part.equals(asked.get(i))) return Optional.empty();
            }
            return Optional.of(variables);
        }
    }

    record Match(Route route, Map<String, String> variables) {}

    private final List<Route> routes;

    Router(List<Route> routes) {
        this.routes = List.copyOf(routes);
    }

    Optional<Match> find(String method, List<String> asked) {
        for (Route route : routes) {
            if (!route.method().equals(method)) continue;
            Optional<Map<String, String>> variables = route.match(asked);
            if (variables.isPresent()) return Optional.of(new Match(route, variables.get()));
        }
        return Optional.empty();
    }

    /// What to say when nothing fits: never a 5xx, which clients would repeat (wire-api 1.11).
    PlatformFailure unknown(String method, List<String> asked) {
        TreeSet<String> methods = new TreeSet<>();
        for (Route route : routes) {
            if (route.match(asked).isPresent()) methods.add(route.method());
        }
        String message;
        if (!methods.isEmpty()) {
            message = "this path does not take " + (method.matches("[A-Z]{1,16}") ? method : "this method") + "; it takes "
                    + String.join(", ", methods);
        } else {
            message = "there is no such endpoint; protocol/openapi.yaml lists those that are";
        }
        return new PlatformFailure.NotFound("unknown_endpoint", message);
    }
}
