package dev.declaw.server.template;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What somebody wants to be built, its form already checked (wire-api 9.1).
///
/// @param alias name of the template; empty for one that is known by its id
/// @param dockerfile text of a Dockerfile, which replaces the fields up to `envs`
/// @param baseImage what it is built on
/// @param aptPackages Debian packages
/// @param runCommands lines for the shell, after the copies
/// @param copies files of the context
/// @param envs variables of the template
/// @param start what runs when the template is saved; replaces `CMD` and `ENTRYPOINT`
/// @param ready what must succeed before it is saved
/// @param args values for `ARG`
/// @param contextId what was uploaded for `COPY`
/// @param vcpus processors; empty for those of the base
/// @param memoryMib memory; empty likewise
/// @param diskMib disk; empty likewise, and never less than the base's
/// @param cached whether layers of earlier builds may be used
public record BuildRequest(
        Optional<String> alias,
        Optional<String> dockerfile,
        String baseImage,
        List<String> aptPackages,
        List<String> runCommands,
        List<Copy> copies,
        Map<String, String> envs,
        Optional<String> start,
        Optional<String> ready,
        Map<String, String> args,
        Optional<String> contextId,
        Optional<Integer> vcpus,
        Optional<Integer> memoryMib,
        Optional<Integer> diskMib,
        boolean cached) {
    public static final String DEFAULT_BASE = "ubuntu:22.04";

    /// @param mode permission bits in octal, as `--chmod` takes them; empty to keep those of the archive
    public record Copy(String source, String target, Optional<String> mode) {}

    public BuildRequest {
        aptPackages = List.copyOf(aptPackages);
        runCommands = List.copyOf(runCommands);
        copies = List.copyOf(copies);
        envs = Map.copyOf(envs);
        args = Map.copyOf(args);
    }

    /// A Dockerfile and nothing else.
    static BuildRequest of(String dockerfile, int vcpus, int memoryMib, int diskMib) {
        return new BuildRequest(
                Optional.empty(), Optional.of(dockerfile), DEFAULT_BASE, List.of(), List.of(), List.of(), Map.of(),
                Optional.empty(), Optional.empty(), Map.of(), Optional.empty(), Optional.of(vcpus),
                Optional.of(memoryMib), Optional.of(diskMib), true);
    }

    @Override
    public String toString() {
        return "BuildRequest" + alias; // without the values of variables
    }
}
