import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.ClassFileVersion;
import java.lang.constant.ClassDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarFile;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// Writes a jar again with all classes in the format of Java 17 and nothing compressed: `Modernise IN.jar OUT.jar`.
///
/// The JDK's start-up cache takes no classes of Java 5, which is what picocli is compiled for; with them it saves nothing.
/// Their stack maps are computed anew, as javac would have written them. The same input gives the same output.
final class Modernise {
    private static final int VERSION = ClassFile.JAVA_17_VERSION;

    private Modernise() {}

    public static void main(String[] arguments) throws IOException {
        Map<String, byte[]> entries = new HashMap<>();
        try (JarFile jar = new JarFile(arguments[0])) {
            for (var entry : Collections.list(jar.entries())) {
                if (!entry.isDirectory()) entries.put(entry.getName(), jar.getInputStream(entry).readAllBytes());
            }
        }
        ClassFile classes = ClassFile.of(
                ClassFile.StackMapsOption.GENERATE_STACK_MAPS,
                ClassFile.ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofResourceParsing(
                                (ClassDesc name) -> stream(entries, name))
                        .orElse(ClassHierarchyResolver.defaultResolver())));
        try (OutputStream file = new BufferedOutputStream(Files.newOutputStream(Path.of(arguments[1])));
                ZipOutputStream out = new ZipOutputStream(file)) {
            for (String name : entries.keySet().stream().sorted(Modernise::manifestFirst).toList()) {
                byte[] bytes = entries.get(name);
                write(out, name, name.endsWith(".class") ? modern(classes, bytes) : bytes);
            }
        }
    }

    private static java.io.InputStream stream(Map<String, byte[]> entries, ClassDesc name) {
        String descriptor = name.descriptorString();
        byte[] bytes = name.isClassOrInterface() ? entries.get(descriptor.substring(1, descriptor.length() - 1) + ".class") : null;
        return bytes == null ? null : new java.io.ByteArrayInputStream(bytes);
    }

    private static byte[] modern(ClassFile classes, byte[] bytes) {
        ClassModel model = classes.parse(bytes);
        if (model.majorVersion() >= VERSION) return bytes;
        ClassTransform version = ClassTransform.dropping(element -> element instanceof ClassFileVersion)
                .andThen(ClassTransform.endHandler(builder -> builder.withVersion(VERSION, 0)));
        // Going through each instruction is what makes the stack maps; a body that is taken as it is keeps having none.
        ClassTransform bodies = ClassTransform.transformingMethodBodies((builder, element) -> builder.with(element));
        return classes.transformClass(model, bodies.andThen(version));
    }

    private static int manifestFirst(String a, String b) {
        List<Boolean> first = List.of(a.equals("META-INF/MANIFEST.MF"), b.equals("META-INF/MANIFEST.MF"));
        return first.get(0) ? -1 : first.get(1) ? 1 : a.compareTo(b);
    }

    private static void write(ZipOutputStream out, String name, byte[] bytes) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        CRC32 sum = new CRC32();
        sum.update(bytes);
        entry.setMethod(ZipEntry.STORED);
        entry.setTime(0);
        entry.setSize(bytes.length);
        entry.setCrc(sum.getValue());
        out.putNextEntry(entry);
        out.write(bytes);
        out.closeEntry();
    }
}
