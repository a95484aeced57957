package dev.declaw.runtime.template;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// What a built-in template consists of, as its JSON resource says it.
///
/// @param name name of the template
/// @param vcpus processors of a sandbox, 1 to 8
/// @param memoryMib memory of a sandbox, 128 to 8192
/// @param diskMib capacity of its disk, 1024 to 65536
/// @param userName the ordinary user, who may use sudo without a password
/// @param userId that user's uid and gid
/// @param directories directories that belong to that user
/// @param packages names of Debian or Ubuntu packages on top of the essential ones
record TemplateDefinition(
        String name,
        int vcpus,
        int memoryMib,
        int diskMib,
        String userName,
        int userId,
        List<String> directories,
        List<String> packages) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,31}");
    private static final Pattern PACKAGE = Pattern.compile("[a-z0-9][a-z0-9+.-]{1,63}");
    private static final Pattern DIRECTORY = Pattern.compile("(/[a-z0-9][a-z0-9._-]{0,31}){1,4}");
    private static final Set<String> FIELDS =
            Set.of("name", "vcpus", "memory_mib", "disk_mib", "user", "directories", "packages");

    TemplateDefinition {
        directories = List.copyOf(directories);
        packages = List.copyOf(packages);
        require(NAME.matcher(name).matches(), "name");
        require(vcpus >= 1 && vcpus <= 8, "vcpus");
        require(memoryMib >= 128 && memoryMib <= 8192, "memory_mib");
        require(diskMib >= 1024 && diskMib <= 65536, "disk_mib");
        require(NAME.matcher(userName).matches(), "user.name");
        require(userId >= 1000 && userId < 60000, "user.uid");
        require(directories.stream().allMatch(path -> DIRECTORY.matcher(path).matches()), "directories");
        require(packages.stream().allMatch(item -> PACKAGE.matcher(item).matches()), "packages");
    }

    /// The definition in the resource `<name>.json` of this package.
    static TemplateDefinition builtIn(String name) {
        try (InputStream in = TemplateDefinition.class.getResourceAsStream(name + ".json")) {
            if (in == null) {
                throw new IllegalArgumentException("there is no built-in template " + name);
            }
            return parse(JSON.readTree(in));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    static TemplateDefinition parse(JsonNode json) {
        Set<String> unknown = new TreeSet<>();
        json.fieldNames().forEachRemaining(unknown::add);
        unknown.removeAll(FIELDS);
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("a template definition has no field " + unknown);
        }
        return new TemplateDefinition(
                json.path("name").asText(),
                json.path("vcpus").asInt(),
                json.path("memory_mib").asInt(),
                json.path("disk_mib").asInt(),
                json.path("user").path("name").asText(),
                json.path("user").path("uid").asInt(),
                strings(json.path("directories")),
                strings(json.path("packages")));
    }

    private static List<String> strings(JsonNode array) {
        List<String> values = new ArrayList<>();
        array.forEach(value -> values.add(value.asText()));
        return values;
    }

    private static void require(boolean holds, String field) {
        if (!holds) {
            throw new IllegalArgumentException("template definition: `" + field + "` is missing or out of range");
        }
    }
}
