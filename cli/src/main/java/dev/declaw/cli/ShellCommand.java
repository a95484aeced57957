package dev.declaw.cli;

import dev.declaw.sdk.DeclawException;
import dev.declaw.sdk.Output;
import dev.declaw.sdk.OutputStreamed;
import dev.declaw.sdk.Sandbox;
import dev.declaw.sdk.Terminal;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `declaw shell`
@Command(
        name = "shell",
        aliases = "connect",
        mixinStandardHelpOptions = true,
        description = "Opens a login shell. Ctrl-] leaves it running; --attach comes back to it.")
final class ShellCommand implements Callable<Integer> {
    private static final int DETACH_KEY = 0x1d;
    private static final int KEYS_MAX = 4096;
    private static final int ENDS_MAX = 60;

    @Mixin
    private Ask ask;

    @Option(names = {"-u", "--user"}, description = "Default ${DEFAULT-VALUE}.")
    private String user = "user";

    @Option(names = "--attach", paramLabel = "PID", description = "A shell that was left running.")
    private long attach;

    @Parameters(paramLabel = "SANDBOX")
    private String id;

    private volatile boolean detached;

    @Override
    public Integer call() {
        Sandbox sandbox = ask.client().at(id);
        int[] size = LocalTerminal.size();
        Terminal terminal = attach > 0
                ? sandbox.terminal(attach)
                : sandbox.openTerminal(
                        Terminal.Options.defaults().sized(size[0], size[1]).as(user).living(Duration.ZERO));
        try (OutputStreamed output = terminal.output()) {
            if (!LocalTerminal.types()) return relay(terminal, output);
            if (attach > 0) terminal.resize(size[0], size[1]);
            ask.hint("Ctrl-] leaves the shell running");
            LocalTerminal.onResize(() -> {
                int[] now = LocalTerminal.size();
                terminal.resize(now[0], now[1]);
            });
            LocalTerminal raw = LocalTerminal.raw();
            try {
                return relay(terminal, output);
            } finally {
                raw.restore();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the terminal cannot be used", e);
        } finally {
            if (detached) ask.hint("\nleft running → declaw shell " + id + " --attach " + terminal.pid());
        }
    }

    private int relay(Terminal terminal, OutputStreamed output) {
        Thread keys = new Thread(() -> type(terminal, output), "keys");
        keys.setDaemon(true);
        keys.start();
        PrintStream out = System.out;
        for (Output piece : output) {
            out.writeBytes(piece.bytes());
            out.flush();
        }
        return detached ? 0 : output.exitCode().orElse(ExitCodes.FAILURE);
    }

    /// Sends what is typed, in order, character by complete character.
    private void type(Terminal terminal, OutputStreamed output) {
        InputStream in = System.in;
        byte[] keys = new byte[KEYS_MAX];
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPLACE)
                .onUnmappableCharacter(CodingErrorAction.REPLACE);
        ByteBuffer undecoded = ByteBuffer.allocate(KEYS_MAX + 8);
        try {
            for (int count; (count = in.read(keys)) >= 0; ) {
                for (int i = 0; i < count && LocalTerminal.types(); i++) {
                    if (keys[i] == DETACH_KEY) {
                        detached = true;
                        output.close();
                        return;
                    }
                }
                undecoded.put(keys, 0, count).flip();
                CharBuffer text = CharBuffer.allocate(undecoded.remaining() + 1);
                decoder.decode(undecoded, text, false);
                undecoded.compact();
                if (text.flip().hasRemaining()) terminal.type(text.toString());
            }
            // The end of a script is the end of the shell's input. A shell that is not reading yet loses it, so it is said again.
            for (int i = 0; i < ENDS_MAX && !LocalTerminal.types(); i++) {
                terminal.type("\u0004");
                Thread.sleep(1000);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException | DeclawException e) {
            output.close(); // the shell has ended, or cannot be reached: the reader says which
        }
    }
}
