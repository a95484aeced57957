package dev.declaw.server.lifecycle;

import dev.declaw.runtime.template.Template;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// What a new sandbox starts from: a template, or a snapshot of another sandbox.
///
/// @param template name, as it is shown
/// @param built the template; empty for a snapshot
/// @param snapshotId the snapshot; empty for a template
/// @param environment variables that the template brings
/// @param bare whether the disk alone counts, and the kernel boots
record SandboxOrigin(
        String template,
        int vcpus,
        int memoryMib,
        Optional<Template> built,
        Optional<String> snapshotId,
        Map<String, String> environment,
        boolean bare) {
    static SandboxOrigin of(TemplateSource.Start start, boolean bare) {
        Template template = start.template();
        return new SandboxOrigin(
                start.name(),
                template.vcpus(),
                template.memoryMib(),
                Optional.of(template),
                Optional.empty(),
                start.environment(),
                bare);
    }

    /// The template whose warm machines serve.
    Optional<Template> pooled() {
        return bare ? Optional.empty() : built;
    }

    /// Variables of the sandbox: the template's, under those that were asked for.
    Map<String, String> environment(Map<String, String> asked) {
        Map<String, String> all = new HashMap<>(environment);
        all.putAll(asked);
        return all;
    }
}
