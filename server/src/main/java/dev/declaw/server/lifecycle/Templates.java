package dev.declaw.server.lifecycle;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.MicroVmHost;
import dev.declaw.runtime.template.Template;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// The templates that sandboxes can be made of. Thread-safe.
public final class Templates {
    /// Names that belong to the platform, whether this server has built them or not (wire-api 9.2).
    private static final List<String> BUILT_IN =
            List.of("base", "python", "node", "code-interpreter", "ai-agent", "mcp-server", "web-dev", "devops");

    private static final String ID_PREFIX = "tpl-";

    private final MicroVmHost host;

    /// @param created when its disk was built
    public record TemplateInfo(String name, String digest, int vcpus, int memoryMib, int diskMib, Instant created) {
        public String id() {
            return ID_PREFIX + name;
        }
    }

    public Templates(MicroVmHost host) {
        this.host = host;
    }

    /// Those that are ready.
    public List<TemplateInfo> list() {
        return BUILT_IN.stream().map(host::template).flatMap(Optional::stream).map(Templates::info).toList();
    }

    /// @param idOrName `tpl-` and the name, or the name alone
    /// @throws PlatformFailure.NotFound when it is not there
    public TemplateInfo get(String idOrName) {
        return Optional.of(name(idOrName))
                .filter(BUILT_IN::contains)
                .flatMap(host::template)
                .map(Templates::info)
                .orElseThrow(Templates::missing);
    }

    /// Refuses: what is there is built in.
    ///
    /// @throws PlatformFailure always
    public void delete(String idOrName) {
        if (!BUILT_IN.contains(name(idOrName))) throw missing();
        throw new PlatformFailure.PermissionDenied("template_built_in", "this template belongs to the platform and stays");
    }

    private static PlatformFailure missing() {
        return new PlatformFailure.NotFound("template_not_found", "there is no template of this name; GET /templates lists those that are ready");
    }

    private static String name(String idOrName) {
        return idOrName.startsWith(ID_PREFIX) ? idOrName.substring(ID_PREFIX.length()) : idOrName;
    }

    private static TemplateInfo info(Template template) {
        Instant created;
        try {
            created = Files.getLastModifiedTime(template.disk()).toInstant();
        } catch (IOException e) {
            created = Instant.EPOCH; // a disk that is not a file of this machine
        }
        return new TemplateInfo(
                template.name(), template.digest(), template.vcpus(), template.memoryMib(), template.diskMib(), created);
    }
}
