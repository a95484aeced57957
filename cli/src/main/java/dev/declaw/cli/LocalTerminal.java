package dev.declaw.cli;

import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/// The terminal that the user sits at, through stty(1). The only place where the command line starts a program.
final class LocalTerminal {
    private static final int STTY_SECONDS_MAX = 5;

    private final String saved;

    private LocalTerminal(String saved) {
        this.saved = saved;
    }

    /// Whether people see the output. The launcher looks, since Java 17 cannot.
    static boolean shows() {
        return Boolean.getBoolean("declaw.terminal.output");
    }

    /// Whether people type the input.
    static boolean types() {
        return Boolean.getBoolean("declaw.terminal.input");
    }

    /// Passes each key on as it is typed, without echo, until [#restore].
    static LocalTerminal raw() throws IOException {
        LocalTerminal terminal = new LocalTerminal(stty("-g"));
        stty("raw", "-echo");
        return terminal;
    }

    /// @return columns and rows; 80 by 24 where there is no terminal
    static int[] size() {
        try {
            String[] parts = stty("size").split(" ");
            int rows = Integer.parseInt(parts[0]);
            int columns = Integer.parseInt(parts[1]);
            if (rows > 0 && columns > 0) return new int[] {Math.min(columns, 1000), Math.min(rows, 1000)};
        } catch (IOException | RuntimeException e) {
            // There is no terminal, so any size fits.
        }
        return new int[] {80, 24};
    }

    /// Calls back when the window changes (SIGWINCH), where this JDK can tell.
    static void onResize(Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler call = (proxy, method, arguments) -> {
                action.run();
                return null;
            };
            Object proxy = Proxy.newProxyInstance(LocalTerminal.class.getClassLoader(), new Class<?>[] {handler}, call);
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance("WINCH"), proxy);
        } catch (ReflectiveOperationException | RuntimeException e) {
            // The size of the start stays; the shell works with it.
        }
    }

    private static String stty(String... arguments) throws IOException {
        String[] line = new String[arguments.length + 3];
        line[0] = "stty";
        line[1] = "-F";
        line[2] = "/dev/tty";
        System.arraycopy(arguments, 0, line, 3, arguments.length);
        Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        try {
            if (!process.waitFor(STTY_SECONDS_MAX, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException("stty: " + output);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        return output;
    }

    /// Sets it back to what it was.
    void restore() {
        try {
            stty(saved);
        } catch (IOException e) {
            System.err.println("the terminal could not be set back; `reset` does it");
        }
    }
}
