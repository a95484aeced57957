package dev.declaw.server.lifecycle;

import dev.declaw.runtime.template.Template;
import java.util.Map;
import java.util.Set;

/// Where sandboxes learn what a template is. Thread-safe.
public interface TemplateSource {
    /// What a sandbox of a template starts from.
    ///
    /// @param name as its owner calls it
    /// @param environment variables of every process, under those of the request
    record Start(String name, Template template, Map<String, String> environment) {
        public Start {
            environment = Map.copyOf(environment);
        }
    }

    /// @param name alias or id
    /// @throws dev.declaw.model.failure.PlatformFailure.NotFound when the owner has no such template
    /// @throws dev.declaw.model.failure.PlatformFailure.Conflict with code `template_not_ready` when it is not built yet
    Start resolve(String owner, String name);

    /// Ids of everything that the runtime keeps for templates: the start of a server removes what nobody knows.
    Set<String> artifacts();
}
