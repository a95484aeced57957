package dev.declaw.server.template;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What a template says beside its files; a template that is built on it takes it over.
///
/// @param env variables of every process
/// @param user whom later steps and the start command run as
/// @param workdir where they run; empty for the user's home
/// @param ports `EXPOSE`, as written: every port can be reached anyway
/// @param labels `LABEL`
/// @param start what runs before the template is saved; empty for nothing
/// @param ready what must succeed before that; empty for no check
record ImageConfig(
        Map<String, String> env,
        String user,
        String workdir,
        List<String> ports,
        Map<String, String> labels,
        String start,
        String ready) {
    private static final ObjectMapper JSON =
            new ObjectMapper().configure(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS, true);

    static final ImageConfig NONE = new ImageConfig(Map.of(), "root", "", List.of(), Map.of(), "", "");

    ImageConfig {
        env = Map.copyOf(env);
        ports = List.copyOf(ports);
        labels = Map.copyOf(labels);
    }

    ImageConfig withEnv(Map<String, String> more) {
        Map<String, String> all = new TreeMap<>(env);
        all.putAll(more);
        return new ImageConfig(all, user, workdir, ports, labels, start, ready);
    }

    ImageConfig withUser(String other) {
        return new ImageConfig(env, other, workdir, ports, labels, start, ready);
    }

    ImageConfig withWorkdir(String other) {
        return new ImageConfig(env, user, other, ports, labels, start, ready);
    }

    ImageConfig withPorts(List<String> other) {
        return new ImageConfig(env, user, workdir, other, labels, start, ready);
    }

    ImageConfig withLabels(Map<String, String> more) {
        Map<String, String> all = new TreeMap<>(labels);
        all.putAll(more);
        return new ImageConfig(env, user, workdir, ports, all, start, ready);
    }

    ImageConfig withStart(String command, String check) {
        return new ImageConfig(env, user, workdir, ports, labels, command, check);
    }

    Optional<String> directory() {
        return workdir.isEmpty() ? Optional.empty() : Optional.of(workdir);
    }

    String json() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("strings are always JSON", e);
        }
    }

    static ImageConfig parse(String json) {
        try {
            return JSON.readValue(json, ImageConfig.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a template's stored configuration cannot be read", e);
        }
    }
}
