package dev.declaw.server.template;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.runtime.template.PackageRegistries;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// What a build may reach, as a sandbox's policy: package registries, and only to fetch from them; and the hosts that the
/// operator adds. Everything is intercepted and recorded like a sandbox's traffic.
///
/// @param registries may be asked with GET and HEAD
/// @param hosts may be spoken to freely
/// @param environment variables that lead package programs there
public record BuildEgress(Set<String> registries, List<String> hosts, Map<String, String> environment) {
    /// Package programs ask for no more than packages: their questions about updates and advisories would be refused.
    private static final Map<String, String> QUIET = Map.of(
            "npm_config_audit", "false",
            "npm_config_fund", "false",
            "npm_config_update_notifier", "false",
            "PIP_DISABLE_PIP_VERSION_CHECK", "1",
            "PIP_ROOT_USER_ACTION", "ignore",
            "PIP_PROGRESS_BAR", "off",
            "PIP_DEFAULT_TIMEOUT", "60",
            "DEBIAN_FRONTEND", "noninteractive");

    public BuildEgress {
        registries = Set.copyOf(registries);
        hosts = List.copyOf(hosts);
        environment = Map.copyOf(environment);
    }

    public static BuildEgress of(PackageRegistries registries, List<String> hosts) {
        return new BuildEgress(registries.hosts(), hosts, registries.environment());
    }

    JsonNode network() {
        ObjectNode network = JsonNodeFactory.instance.objectNode();
        ArrayNode allowed = network.putArray("allow_out");
        new TreeSet<>(registries).forEach(allowed::add);
        hosts.forEach(allowed::add);
        if (allowed.isEmpty()) network.putArray("deny_out").add("0.0.0.0/0");
        return network;
    }

    JsonNode security() {
        ObjectNode security = JsonNodeFactory.instance.objectNode();
        ObjectNode gate = security.putObject("content_gate").put("enabled", !registries.isEmpty());
        ArrayNode domains = gate.putArray("domains");
        new TreeSet<>(registries).forEach(domains::add);
        gate.putArray("endpoints").add("GET /*").add("HEAD /*");
        return security;
    }

    Map<String, String> variables() {
        Map<String, String> all = new java.util.HashMap<>(QUIET);
        all.putAll(environment);
        return all;
    }
}
