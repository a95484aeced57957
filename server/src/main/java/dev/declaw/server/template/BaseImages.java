package dev.declaw.server.template;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What the image after `FROM` means here: templates of the product, templates of the tenant, and a few names of public
/// images, which stand for a template of the product that has the same programs. No image is fetched from anywhere.
final class BaseImages {
    /// Names that belong to the platform, whether this server has built them or not (wire-api 9.2).
    static final List<String> BUILT_IN =
            List.of("base", "python", "node", "code-interpreter", "ai-agent", "mcp-server", "web-dev", "devops");

    private static final String OWN_REGISTRY = "declaw/";
    private static final Set<String> DISTRIBUTIONS = Set.of("ubuntu", "debian", "buildpack-deps");
    private static final Set<String> LANGUAGES = Set.of("python", "node");

    private BaseImages() {}

    /// @param name of a built-in template, or what the tenant calls one of its own
    /// @param note what the log should say about it
    record Meaning(String name, boolean builtIn, Optional<String> note) {}

    static Meaning of(BuildPlan.From from) throws BuildException {
        String image = from.image();
        String plain = image.replaceFirst("^(docker\\.io/)?(library/)?", "");
        if (plain.startsWith(OWN_REGISTRY)) {
            String name = plain.substring(OWN_REGISTRY.length()).replaceFirst(":latest$", "");
            if (BUILT_IN.contains(name)) return new Meaning(name, true, Optional.empty());
            throw unknown(from, "there is no built-in template of this name; there are " + String.join(", ", BUILT_IN));
        }
        if (BUILT_IN.contains(image)) return new Meaning(image, true, Optional.empty());
        String repository = plain.replaceFirst("[:@].*$", "");
        if (DISTRIBUTIONS.contains(repository)) return stands(image, "base");
        if (LANGUAGES.contains(repository)) return stands(image, repository);
        if (plain.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,127}(:[0-9]{1,9})?")) return new Meaning(plain, false, Optional.empty());
        throw unknown(from, "no images are fetched; use declaw/NAME:latest with NAME one of " + String.join(", ", BUILT_IN)
                + ", or the alias of a template of yours");
    }

    private static Meaning stands(String image, String name) {
        return new Meaning(name, true, Optional.of("FROM " + image + ": images are not fetched; the built-in template '" + name
                + "' takes its place, which is made of this server's own distribution"));
    }

    static BuildException unknown(BuildPlan.From from, String why) {
        String where = from.line() == 0 ? "base_image " : "line " + from.line() + ": FROM ";
        return new BuildException("base_unknown", where + from.image().replaceAll("[^!-~]", "?") + ": " + why);
    }
}
