package dev.declaw.server.template;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.runtime.template.Template;
import dev.declaw.server.store.TemplateRow;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// The definitions of the templates that come with the product, but for `base`, which the runtime makes itself: a Dockerfile
/// each, and its size. They are built like a tenant's, in a microVM, because what they install runs programs of strangers.
final class BuiltInTemplates {
    /// Whose templates they are; no tenant has this id.
    static final String OWNER = "platform";

    private static final Map<String, BuildRequest> ALL = read();

    private BuiltInTemplates() {}

    /// @throws IllegalArgumentException when there is none of this name
    static BuildRequest request(String name) {
        BuildRequest request = ALL.get(name);
        if (request == null) throw new IllegalArgumentException("there is no definition of a template " + name);
        return request;
    }

    /// Tells two definitions apart.
    static String definition(String name) {
        BuildRequest request = request(name);
        return Keys.of(request.dockerfile().orElseThrow(),
                request.vcpus() + " " + request.memoryMib() + " " + request.diskMib());
    }

    /// The newest build, when it can be used and was made of the definition as it is now and of what is current below it.
    static Optional<TemplateRow> current(Templates templates, String name) throws BuildException {
        Optional<TemplateRow> row = templates.usable(name);
        Optional<String> below = digestBelow(templates, name);
        return row.filter(made -> below.isPresent() && made.definition().equals(Keys.of(definition(name), below.get())));
    }

    private static Optional<String> digestBelow(Templates templates, String name) throws BuildException {
        String dockerfile = request(name).dockerfile().orElseThrow();
        String below = BaseImages.of(BuildPlan.from(Dockerfile.parse(dockerfile), Map.of())).name();
        return below.equals("base") ? templates.base().map(Template::digest) : current(templates, below).map(TemplateRow::digest);
    }

    private static Map<String, BuildRequest> read() {
        Map<String, BuildRequest> all = new LinkedHashMap<>();
        try {
            JsonNode sizes = new ObjectMapper().readTree(resource("sizes.json"));
            for (String name : BaseImages.BUILT_IN) {
                if (name.equals("base")) continue;
                JsonNode size = sizes.path(name);
                all.put(name, BuildRequest.of(
                        resource(name + ".Dockerfile"),
                        size.path("vcpus").intValue(), size.path("memory_mib").intValue(), size.path("disk_mib").intValue()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return all;
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = BuiltInTemplates.class.getResourceAsStream(name)) {
            if (in == null) throw new IOException("the resource " + name + " is missing");
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
