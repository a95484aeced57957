package dev.declaw.server.template;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.MicroVmHost;
import dev.declaw.runtime.template.Template;
import dev.declaw.server.lifecycle.TemplateSource;
import dev.declaw.server.store.BuildRow;
import dev.declaw.server.store.BuildTable;
import dev.declaw.server.store.TemplateRow;
import dev.declaw.server.store.TemplateTable;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The templates that sandboxes can be made of: those of the product, and each tenant's own. Thread-safe.
public final class Templates implements TemplateSource {
    private static final Logger LOG = LoggerFactory.getLogger(Templates.class);
    private static final String ID_PREFIX = "tpl-";
    private static final String BASE = "base";
    private static final int VERSIONS_KEPT_MAX = 3;
    private static final int TENANT_TEMPLATES_MAX = 200;

    private final MicroVmHost host;
    private final TemplateTable table;
    private final BuildTable builds;

    /// Has a built-in template built, and tells what to ask about it.
    private volatile Function<String, Optional<String>> maker = _ -> Optional.empty();

    /// @param alias name; empty for one that has only an id
    /// @param version counts the builds of an alias; 0 for the base
    /// @param created when it was built
    public record TemplateInfo(
            String id, Optional<String> alias, int version, String digest, int vcpus, int memoryMib, int diskMib, Instant created) {}

    public Templates(MicroVmHost host, TemplateTable table, BuildTable builds) {
        this.host = host;
        this.table = table;
        this.builds = builds;
    }

    /// @param starts begins the build of a built-in template unless it is under way; gives the build's id, or nothing when
    ///     this server does not build
    void onMissing(Function<String, Optional<String>> starts) {
        maker = starts;
    }

    /// Those that are ready: the product's, then the newest version of each of the owner's.
    public List<TemplateInfo> list(String owner) {
        List<TemplateInfo> all = new ArrayList<>();
        host.template(BASE).map(Templates::info).ifPresent(all::add);
        for (String name : BaseImages.BUILT_IN) newest(BuiltInTemplates.OWNER, name).map(Templates::info).ifPresent(all::add);
        Set<String> seen = new HashSet<>();
        for (TemplateRow row : table.of(owner)) {
            if (row.alias().isEmpty() || seen.add(row.alias().get())) all.add(info(row));
        }
        return all;
    }

    /// @param name id, alias, or alias and version as `alias:2`
    /// @throws PlatformFailure.NotFound when it is not there
    public TemplateInfo get(String owner, String name) {
        String plain = plain(name);
        if (plain.equals(BASE)) return host.template(BASE).map(Templates::info).orElseThrow(Templates::missing);
        if (BaseImages.BUILT_IN.contains(plain)) {
            return newest(BuiltInTemplates.OWNER, plain).map(Templates::info).orElseThrow(Templates::missing);
        }
        return info(find(owner, plain).orElseThrow(Templates::missing));
    }

    /// Removes a template of the owner: all versions of an alias, or the one of an id. What was made of it lives on.
    ///
    /// @throws PlatformFailure.PermissionDenied when it belongs to the platform
    public void delete(String owner, String name) {
        String plain = plain(name);
        if (BaseImages.BUILT_IN.contains(plain)) {
            throw new PlatformFailure.PermissionDenied("template_built_in", "this template belongs to the platform and stays");
        }
        List<TemplateRow> named = table.of(owner).stream()
                .filter(row -> row.alias().equals(Optional.of(plain)) || row.id().equals(ID_PREFIX + plain))
                .toList();
        List<TemplateRow> gone = named.isEmpty() ? find(owner, plain).stream().toList() : named;
        if (gone.isEmpty()) throw missing();
        gone.forEach(this::remove);
    }

    private void remove(TemplateRow row) {
        table.delete(row.id());
        try {
            host.deleteSnapshot(row.artifact());
        } catch (RuntimeException e) {
            LOG.warn("the files of template {} could not be removed; the next start removes them", row.id(), e);
        }
    }

    @Override
    public Start resolve(String owner, String name) {
        String plain = plain(name);
        if (plain.equals(BASE)) {
            return new Start(BASE, host.template(BASE).orElseThrow(() -> new PlatformFailure.Conflict(
                    "template_not_ready",
                    "the template 'base' is not built on this server yet; its operator builds it with: templates prepare")),
                    java.util.Map.of());
        }
        if (BaseImages.BUILT_IN.contains(plain)) {
            return start(usable(plain).orElseThrow(() -> notReady(plain)));
        }
        TemplateRow row = find(owner, plain).orElseThrow(() -> unknown(owner, plain));
        if (!host.usable(machine(row))) {
            throw new PlatformFailure.Conflict(
                    "template_not_ready", "the files of the template '" + plain + "' are gone or damaged; build it again");
        }
        return start(row);
    }

    /// The newest build of a built-in template, when sandboxes can start from it.
    Optional<TemplateRow> usable(String name) {
        return newest(BuiltInTemplates.OWNER, name).filter(row -> host.usable(machine(row)));
    }

    private PlatformFailure notReady(String name) {
        String how = maker.apply(name)
                .map(build -> "it is being built now, which takes minutes; GET /templates/builds/" + build + " tells how far it is")
                .orElse("this server does not build it");
        return new PlatformFailure.Conflict("template_not_ready", "the template '" + name + "' is not built on this server yet; " + how);
    }

    /// A name whose first build has not come to an end, or failed, is known, but there is nothing to start (wire-api U23).
    private PlatformFailure unknown(String owner, String name) {
        return builds.of(owner).stream()
                .filter(build -> build.alias().equals(Optional.of(name)))
                .findFirst()
                .filter(build -> !build.status().equals(BuildRow.COMPLETED)) // deleted since
                .<PlatformFailure>map(build -> new PlatformFailure.Conflict(
                        "template_not_ready",
                        "the template '" + name + "' was never built to its end; its last build is " + build.status()
                                + ": GET /templates/builds/" + build.id()))
                .orElseGet(Templates::missing);
    }

    /// A template of the owner by id, alias, or alias and version.
    Optional<TemplateRow> find(String owner, String name) {
        String plain = plain(name);
        return table.of(owner).stream()
                .filter(row -> row.id().equals(ID_PREFIX + plain)
                        || row.alias().isPresent()
                                && (row.alias().get().equals(plain) || (row.alias().get() + ":" + row.version()).equals(plain)))
                .findFirst(); // the newest version comes first
    }

    Optional<TemplateRow> newest(String owner, String alias) {
        return table.of(owner).stream().filter(row -> row.alias().equals(Optional.of(alias))).findFirst();
    }

    Optional<Template> base() {
        return host.template(BASE);
    }

    /// @throws PlatformFailure.QuotaExceeded when an owner has too many
    void admit(String owner) {
        if (table.of(owner).size() >= TENANT_TEMPLATES_MAX) {
            throw new PlatformFailure.QuotaExceeded(
                    "too_many_templates", "there are " + TENANT_TEMPLATES_MAX + " templates, the most there may be; delete one", 60);
        }
    }

    /// Takes a template in; the oldest versions of its alias go.
    synchronized TemplateRow add(TemplateRow row) {
        int version = row.alias().flatMap(alias -> newest(row.owner(), alias)).map(TemplateRow::version).orElse(0) + 1;
        TemplateRow counted = new TemplateRow(
                row.id(), row.owner(), row.alias(), version, row.digest(), row.definition(), row.artifact(), row.config(),
                row.vcpus(), row.memoryMib(), row.diskMib(), row.created());
        table.insert(counted);
        table.of(row.owner()).stream()
                .filter(other -> row.alias().isPresent() && other.alias().equals(row.alias()))
                .skip(VERSIONS_KEPT_MAX)
                .forEach(this::remove);
        return counted;
    }

    @Override
    public Set<String> artifacts() {
        Set<String> all = new HashSet<>();
        table.all().forEach(row -> all.add(row.artifact()));
        builds.layers().forEach(layer -> all.add(layer.artifact()));
        return all;
    }

    static Template machine(TemplateRow row) {
        return Template.saved(
                row.alias().orElse(row.id()), row.digest(), row.artifact(), row.vcpus(), row.memoryMib(), row.diskMib());
    }

    private static Start start(TemplateRow row) {
        return new Start(
                row.alias().orElse(plain(row.id())), machine(row), ImageConfig.parse(row.config()).env());
    }

    private static PlatformFailure missing() {
        return new PlatformFailure.NotFound(
                "template_not_found", "there is no template of this name; GET /templates lists those that are ready");
    }

    private static String plain(String name) {
        return name.startsWith(ID_PREFIX) ? name.substring(ID_PREFIX.length()) : name;
    }

    private static TemplateInfo info(TemplateRow row) {
        boolean builtIn = row.owner().equals(BuiltInTemplates.OWNER);
        return new TemplateInfo(
                builtIn ? ID_PREFIX + row.alias().orElseThrow() : row.id(),
                row.alias(), row.version(), row.digest(), row.vcpus(), row.memoryMib(), row.diskMib(), row.created());
    }

    private static TemplateInfo info(Template template) {
        Instant created;
        try {
            created = Files.getLastModifiedTime(template.disk()).toInstant();
        } catch (IOException e) {
            created = Instant.EPOCH; // a disk that is not a file of this machine
        }
        return new TemplateInfo(
                ID_PREFIX + template.name(), Optional.of(template.name()), 0, template.digest(), template.vcpus(),
                template.memoryMib(), template.diskMib(), created);
    }
}
