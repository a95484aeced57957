package dev.declaw.server.template;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

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
