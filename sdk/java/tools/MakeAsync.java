import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ImportTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.lang.model.element.Modifier;
import javax.tools.ToolProvider;

/// Makes `dev.declaw.sdk.async` from `dev.declaw.sdk`: `java tools/MakeAsync.java` in `sdk/java`; `--check` only says whether
/// it is up to date. The blocking client is the source; each of its calls gets a variant that returns a `CompletableFuture`.
final class MakeAsync {
    private static final Path SOURCE = Path.of("src/main/java/dev/declaw/sdk");
    private static final List<String> TYPES = List.of(
            "Declaw", "Sandbox", "Commands", "CommandHandle", "OutputStreamed", "Files", "Watch", "Terminal", "PipedProcess",
            "Audit", "Templates", "Volumes", "Vault", "Account", "Policies");

    /// Calls that make no request: they answer at once, and so do their variants.
    private static final Map<String, Set<String>> AT_ONCE = Map.of(
            "Declaw", Set.of("connection", "sandbox", "at", "templates", "volumes", "vault", "account", "policies"),
            "Sandbox", Set.of("id", "warnings", "commands", "files", "audit", "terminal", "piped", "host", "keep"),
            "Commands", Set.of("connect"),
            "CommandHandle", Set.of("pid"),
            "OutputStreamed", Set.of("exitCode", "close"),
            "Watch", Set.of("close"),
            "Files", Set.of("as"),
            "Terminal", Set.of("pid"),
            "PipedProcess", Set.of("id"));

    /// What has no variant: it is blocking by nature, or is itself the way to the variants.
    private static final Set<String> LEFT_OUT = Set.of("toString", "iterator", "async", "runInterruptibly");

    private MakeAsync() {}

    public static void main(String[] arguments) throws IOException {
        boolean check = List.of(arguments).contains("--check");
        List<String> stale = new ArrayList<>();
        for (String type : TYPES) {
            Path target = SOURCE.resolve("async/Async" + type + ".java");
            String made = made(type);
            if (Files.exists(target) && Files.readString(target).equals(made)) continue;
            stale.add(target.getFileName().toString());
            if (!check) Files.writeString(target, made);
        }
        if (check && !stale.isEmpty()) {
            System.err.println("out of date, run java tools/MakeAsync.java in sdk/java: " + stale);
            System.exit(1);
        }
    }

    private static String made(String type) throws IOException {
        var compiler = ToolProvider.getSystemJavaCompiler();
        try (var manager = compiler.getStandardFileManager(null, null, null)) {
            JavacTask task = (JavacTask) compiler.getTask(
                    null, manager, null, null, null, manager.getJavaFileObjects(SOURCE.resolve(type + ".java")));
            CompilationUnitTree unit = task.parse().iterator().next();
            ClassTree source = (ClassTree) unit.getTypeDecls().get(0);
            Set<String> nested = source.getMembers().stream()
                    .filter(ClassTree.class::isInstance)
                    .map(member -> ((ClassTree) member).getSimpleName().toString())
                    .collect(Collectors.toSet());
            StringBuilder calls = new StringBuilder();
            for (Tree member : source.getMembers()) {
                if (member instanceof MethodTree method && offered(method)) calls.append(call(type, method, nested));
            }
            return head(type, unit, calls.toString()) + calls + "}\n";
        }
    }

    private static boolean offered(MethodTree method) {
        Set<Modifier> modifiers = method.getModifiers().getFlags();
        return modifiers.contains(Modifier.PUBLIC)
                && !modifiers.contains(Modifier.STATIC)
                && method.getReturnType() != null
                && !LEFT_OUT.contains(method.getName().toString());
    }

    private static String call(String type, MethodTree method, Set<String> nested) {
        String name = method.getName().toString();
        String result = qualified(method.getReturnType().toString(), type, nested);
        String parameters = method.getParameters().stream()
                .map(one -> qualified(one.getType().toString(), type, nested) + " " + one.getName())
                .collect(Collectors.joining(", "));
        String given = method.getParameters().stream().map(one -> one.getName().toString()).collect(Collectors.joining(", "));
        String blocking = "blocking." + name + "(" + given + ")";
        String types = method.getParameters().stream()
                .map(one -> qualified(one.getType().toString(), type, nested).replaceAll("<.*>", ""))
                .collect(Collectors.joining(", "));
        boolean atOnce = AT_ONCE.getOrDefault(type, Set.of()).contains(name);
        String doc = "    /// As [" + type + "#" + name + "(" + types + ")]" + (atOnce ? "; makes no request." : ".") + "\n";
        String override = name.equals("close") ? "    @Override\n" : "";
        if (type.equals("Commands") && name.equals("run")) {
            doc = doc.replace(".\n", "; cancelling the future kills the command.\n");
            blocking = "blocking.runInterruptibly(command, " + (given.contains("options") ? "options)" : "RunOptions.defaults())");
        }
        if (type.equals("Sandbox") && name.equals("close")) doc = "    /// As [Sandbox#close()]; waits for the server's answer.\n";
        if (atOnce || name.equals("close")) {
            boolean nothing = result.equals("void");
            if (name.equals("keep")) {
                return "\n" + doc + "    public " + variant(result) + " keep() {\n        blocking.keep();\n        return this;\n    }\n";
            }
            return "\n" + doc + override + "    public " + variant(result) + " " + name + "(" + parameters + ") {\n        "
                    + (nothing ? "" : "return ") + wrapped(result, blocking) + ";\n    }\n";
        }
        String future = "CompletableFuture<" + boxed(variant(result)) + ">";
        String work;
        if (result.equals("void")) {
            work = "Calls.run(() -> " + blocking + ")";
        } else {
            work = "Calls.start(() -> " + wrapped(result, blocking) + ")";
        }
        return "\n" + doc + "    public " + future + " " + name + "(" + parameters + ") {\n        return " + work + ";\n    }\n";
    }

    private static String variant(String type) {
        String result = type;
        for (String one : TYPES) result = result.replaceAll("(?<![.\\w])" + one + "(?![.\\w])", "Async" + one);
        return result;
    }

    private static String wrapped(String type, String expression) {
        if (variant(type).equals(type)) return expression;
        if (type.startsWith("List<")) {
            return expression + ".stream().map(" + variant(type.substring(5, type.length() - 1)) + "::new).toList()";
        }
        return "new " + variant(type) + "(" + expression + ")";
    }

    private static String qualified(String type, String owner, Set<String> nested) {
        String result = type;
        for (String one : nested) result = result.replaceAll("(?<![.\\w])" + one + "(?!\\w)", owner + "." + one);
        return result;
    }

    private static String boxed(String type) {
        return switch (type) {
            case "void" -> "Void";
            case "boolean" -> "Boolean";
            case "long" -> "Long";
            case "int" -> "Integer";
            default -> type;
        };
    }

    private static String head(String type, CompilationUnitTree unit, String calls) {
        Set<String> imports = new TreeSet<>();
        for (ImportTree one : unit.getImports()) {
            String name = one.getQualifiedIdentifier().toString();
            String simple = name.substring(name.lastIndexOf('.') + 1);
            if (uses(calls, simple) && !name.contains(".internal.") && !name.contains(".async.")) imports.add(name);
        }
        Matcher words = Pattern.compile("(?<![.\\w])[A-Z]\\w+").matcher(calls);
        while (words.find()) {
            if (Files.exists(SOURCE.resolve(words.group() + ".java"))) imports.add("dev.declaw.sdk." + words.group());
        }
        imports.add("dev.declaw.sdk." + type);
        if (calls.contains(" Calls.")) imports.add("dev.declaw.sdk.internal.Calls");
        if (calls.contains("CompletableFuture<")) imports.add("java.util.concurrent.CompletableFuture");
        boolean closeable = calls.contains(" void close()");
        return "// Made by tools/MakeAsync.java from ../" + type + ".java; change that one.\npackage dev.declaw.sdk.async;\n\n"
                + imports.stream().map(name -> "import " + name + ";\n").collect(Collectors.joining())
                + "\n/// [" + type + "] without waiting: each call returns a future. See [dev.declaw.sdk.async]. Thread-safe.\n"
                + "public final class Async" + type + (closeable ? " implements AutoCloseable" : "") + " {\n"
                + "    private final " + type + " blocking;\n\n"
                + "    /// Calls of `blocking`, on other threads.\n"
                + "    public Async" + type + "(" + type + " blocking) {\n        this.blocking = blocking;\n    }\n\n"
                + "    /// The same, for a thread that may wait.\n"
                + "    public " + type + " blocking() {\n        return blocking;\n    }\n";
    }

    private static boolean uses(String text, String simple) {
        return Pattern.compile("(?<![.\\w])" + simple + "(?!\\w)").matcher(text).find();
    }
}
