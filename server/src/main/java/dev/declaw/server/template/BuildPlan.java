package dev.declaw.server.template;

import com.google.re2j.PatternSyntaxException;
import dev.declaw.server.template.Dockerfile.Instruction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// Turns a Dockerfile, or the lists of a spec, into steps. Pure: nothing is run here.
final class BuildPlan {
    private static final Set<String> COPY_FLAGS = Set.of("chown", "chmod", "link");
    private static final int STEPS_MAX = 128;

    private final List<Step> steps = new ArrayList<>();
    private final Map<String, String> args = new TreeMap<>();
    private final Map<String, String> given;
    private ImageConfig config;
    private List<String> entrypoint = List.of();
    private Optional<String> command = Optional.empty();

    /// @param steps what is done, in order
    /// @param config of the template
    record Result(List<Step> steps, ImageConfig config) {}

    private BuildPlan(ImageConfig base, Map<String, String> given) {
        this.config = base;
        this.given = given;
    }

    /// What a Dockerfile is built on: the argument of its `FROM`.
    ///
    /// @param line where it stands
    record From(int line, String image) {}

    static From from(List<Instruction> instructions, Map<String, String> given) throws BuildException {
        Map<String, String> before = new HashMap<>();
        for (Instruction each : instructions) {
            if (each.keyword().equals("ARG")) {
                declare(each, given, before, before);
            } else if (each.keyword().equals("FROM")) {
                if (!each.flags().isEmpty() && !each.flags().getFirst().startsWith("platform=")) {
                    throw Dockerfile.wrong(each.line(), "FROM takes no flag but --platform");
                }
                List<String> words = Words.split(each.line(), each.arguments(), before);
                if (words.size() != 1 && !(words.size() == 3 && words.get(1).equalsIgnoreCase("as"))) {
                    throw Dockerfile.wrong(each.line(), "FROM takes one image");
                }
                return new From(each.line(), words.getFirst());
            } else {
                throw Dockerfile.wrong(each.line(), "a Dockerfile begins with FROM; only ARG may stand before it");
            }
        }
        throw new BuildException("dockerfile_invalid", "the Dockerfile has no FROM");
    }

    /// @param base configuration of what it is built on
    static Result of(BuildRequest request, ImageConfig base) throws BuildException {
        BuildPlan plan = new BuildPlan(base, request.args());
        if (request.dockerfile().isPresent()) plan.read(Dockerfile.parse(request.dockerfile().get()));
        else plan.read(request);
        if (plan.steps.size() > STEPS_MAX) {
            throw new BuildException("too_many_steps", "a build may have " + STEPS_MAX + " steps that change the disk");
        }
        String start = request.start().orElseGet(plan::start);
        String ready = request.ready().orElse(start.equals(base.start()) ? base.ready() : "");
        return new Result(plan.steps, plan.config.withStart(start, ready));
    }

    private String start() {
        if (entrypoint.isEmpty() && command.isEmpty()) return config.start();
        String words = String.join(" ", entrypoint.stream().map(Words::quoted).toList());
        return (words + " " + command.orElse("")).strip();
    }

    private void read(BuildRequest request) throws BuildException {
        config = config.withEnv(request.envs());
        if (!request.aptPackages().isEmpty()) {
            String names = String.join(" ", request.aptPackages());
            run(0, "apt_packages " + names, "export DEBIAN_FRONTEND=noninteractive; apt-get -o Acquire::Languages=none update && apt-get install -y "
                    + "--no-install-recommends " + names + " && rm -rf /var/lib/apt/lists/*");
        }
        for (BuildRequest.Copy copy : request.copies()) {
            add(0, "copy " + copy.source() + " " + copy.target(),
                    copy(0, List.of(copy.source()), copy.target(), Optional.empty(), copy.mode()));
        }
        for (String line : request.runCommands()) run(0, "run " + flat(line), line);
    }

    private static String flat(String line) {
        String flat = line.replaceAll("\\s+", " ").strip();
        return flat.length() <= 200 ? flat : flat.substring(0, 200) + "…";
    }

    private void read(List<Instruction> instructions) throws BuildException {
        boolean begun = false;
        Map<String, String> global = new HashMap<>();
        for (Instruction each : instructions) {
            if (each.keyword().equals("FROM")) {
                if (begun) {
                    throw Dockerfile.wrong(each.line(), "a second FROM is not supported; build the first part as a template of "
                            + "its own and begin with FROM its alias");
                }
                begun = true;
            } else if (!begun) {
                declare(each, given, global, global);
            } else {
                instruction(each, global);
            }
        }
    }

    private void instruction(Instruction each, Map<String, String> global) throws BuildException {
        if (!each.flags().isEmpty() && !each.keyword().equals("COPY")) {
            throw Dockerfile.wrong(each.line(), each.keyword() + " --" + each.flags().getFirst().replaceFirst("=.*", "")
                    + " is not supported; leave the flag out");
        }
        int line = each.line();
        switch (each.keyword()) {
            case "RUN" -> run(line, each.text(), Words.array(each.arguments()).map(BuildPlan::words).orElse(each.arguments()));
            case "ENV" -> config = config.withEnv(assignments(each));
            case "LABEL" -> config = config.withLabels(assignments(each));
            case "ARG" -> declare(each, given, global, args);
            case "WORKDIR" -> workdir(each);
            case "USER" -> config = config.withUser(user(each));
            case "EXPOSE" -> config = config.withPorts(Words.split(line, each.arguments(), variables()));
            case "COPY" -> add(line, each.text(), copy(each));
            case "CMD" -> command = Optional.of(Words.array(each.arguments()).map(BuildPlan::words).orElse(each.arguments()));
            case "ENTRYPOINT" -> {
                entrypoint = Words.array(each.arguments()).orElse(List.of("/bin/sh", "-c", each.arguments()));
                command = Optional.empty();
            }
            default -> {} // MAINTAINER says nothing to a machine
        }
    }

    private static String words(List<String> words) {
        return String.join(" ", words.stream().map(Words::quoted).toList());
    }

    /// `ARG name[=default]…`: a value that was given counts, then the default, then that of one before FROM.
    private static void declare(
            Instruction each, Map<String, String> given, Map<String, String> global, Map<String, String> into)
            throws BuildException {
        Map<String, String> known = new HashMap<>(global);
        known.putAll(into);
        for (String word : Words.split(each.line(), each.arguments(), known)) {
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals);
            if (!name.matches("[A-Za-z_][A-Za-z0-9_]{0,127}")) throw Dockerfile.wrong(each.line(), "ARG takes NAME or NAME=value");
            String fallback = equals < 0 ? global.get(name) : word.substring(equals + 1);
            String value = given.getOrDefault(name, fallback);
            if (value != null) into.put(name, value);
        }
    }

    private Map<String, String> variables() {
        Map<String, String> all = new HashMap<>(args);
        all.putAll(config.env());
        return all;
    }

    /// `NAME=value…`, or the older `NAME value`.
    private Map<String, String> assignments(Instruction each) throws BuildException {
        Map<String, String> found = new TreeMap<>();
        String text = each.arguments().strip();
        if (each.keyword().equals("ENV") && text.matches("(?s)[A-Za-z_][A-Za-z0-9_]*\\s+[^=].*") && !text.split("\\s+", 2)[0].contains("=")) {
            String[] parts = text.split("\\s+", 2);
            found.put(parts[0], Words.expand(each.line(), parts[1], variables()));
            return found;
        }
        for (String word : Words.split(each.line(), text, variables())) {
            int equals = word.indexOf('=');
            if (equals <= 0) throw Dockerfile.wrong(each.line(), each.keyword() + " takes NAME=value");
            found.put(word.substring(0, equals), word.substring(equals + 1));
        }
        return found;
    }

    private void workdir(Instruction each) throws BuildException {
        String path = Words.expand(each.line(), each.arguments(), variables());
        if (!path.startsWith("/")) path = (config.workdir().isEmpty() ? "/" : config.workdir() + "/") + path;
        String clean = ContextPath.clean(path).orElseThrow(() -> Dockerfile.wrong(each.line(), "WORKDIR leads out of /"));
        config = config.withWorkdir("/" + clean);
        add(each.line(), each.text(), new Step.Directory(config.workdir()));
    }

    private String user(Instruction each) throws BuildException {
        String user = Words.expand(each.line(), each.arguments(), variables());
        if (!user.matches("[a-z_][a-z0-9_-]{0,31}")) {
            throw Dockerfile.wrong(each.line(), "USER takes the name of a user of the template, without a group");
        }
        return user;
    }

    private Step.Copy copy(Instruction each) throws BuildException {
        Map<String, String> flags = new HashMap<>();
        for (String flag : each.flags()) {
            String name = flag.substring(0, flag.indexOf('='));
            if (name.equals("from")) {
                throw Dockerfile.wrong(each.line(), "COPY --from is not supported; copy from the build context");
            }
            if (!COPY_FLAGS.contains(name)) throw Dockerfile.wrong(each.line(), "COPY --" + name + " is not supported");
            flags.put(name, Words.expand(each.line(), flag.substring(name.length() + 1), variables()));
        }
        if (each.arguments().stripLeading().startsWith("<<")) {
            throw Dockerfile.wrong(each.line(), "COPY takes no here-document; write the file with RUN cat <<EOF > FILE");
        }
        List<String> words = Words.array(each.arguments()).isPresent()
                ? Words.array(each.arguments()).get()
                : Words.split(each.line(), each.arguments(), variables());
        if (words.size() < 2) throw Dockerfile.wrong(each.line(), "COPY takes one source or more, and a target");
        return copy(
                each.line(),
                words.subList(0, words.size() - 1),
                words.getLast(),
                Optional.ofNullable(flags.get("chown")),
                Optional.ofNullable(flags.get("chmod")));
    }

    private Step.Copy copy(int line, List<String> sources, String target, Optional<String> owner, Optional<String> mode)
            throws BuildException {
        for (String source : sources) {
            if (ContextPath.clean(source).isEmpty()) {
                throw Dockerfile.wrong(line, "'" + source + "' leads out of the build context");
            }
            try {
                ContextPath.pattern(source);
            } catch (PatternSyntaxException e) {
                throw Dockerfile.wrong(line, "'" + source + "' is no pattern");
            }
        }
        String absolute = target.startsWith("/") ? target : (config.workdir().isEmpty() ? "/" : config.workdir() + "/") + target;
        String clean = ContextPath.clean(absolute)
                .orElseThrow(() -> Dockerfile.wrong(line, "the target of a COPY leads out of /"));
        boolean directory = absolute.endsWith("/") || absolute.endsWith("/.") || clean.isEmpty();
        if (sources.size() > 1 && !directory) {
            throw Dockerfile.wrong(line, "a COPY of several sources has a directory as target, which ends in /");
        }
        if (owner.isPresent() && !owner.get().matches("[A-Za-z0-9_][A-Za-z0-9_-]{0,31}(:[A-Za-z0-9_][A-Za-z0-9_-]{0,31})?")) {
            throw Dockerfile.wrong(line, "--chown takes USER or USER:GROUP");
        }
        if (mode.isPresent() && !mode.get().matches("0?[0-7]{3,4}")) {
            throw Dockerfile.wrong(line, "--chmod takes permission bits in octal, for example 0755");
        }
        return new Step.Copy(List.copyOf(sources), "/" + clean + (directory && !clean.isEmpty() ? "/" : ""), owner, mode);
    }

    private void run(int line, String text, String command) {
        add(line, text, new Step.Run(command));
    }

    private void add(int line, String text, Step.Action action) {
        steps.add(new Step(line, text, action, config, args));
    }
}
