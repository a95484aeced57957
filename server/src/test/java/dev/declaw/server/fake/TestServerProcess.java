package dev.declaw.server.fake;

import dev.declaw.server.auth.Tenants;
import dev.declaw.server.lifecycle.Sandboxes;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/// [TestServer] as a process of its own, for `./declaw bench streams`: what the server itself costs, without microVMs. In the tests'
/// classes on purpose: no setting of the product leads here. Prints `ready PORT KEY`, and ends with its standard input.
public final class TestServerProcess {
    private static final int KEEP_ALIVE_MILLIS = 1000;

    private TestServerProcess() {}

    /// @param arguments directory for the state; how long a boot takes, in milliseconds; how many boot at one time
    public static void main(String[] arguments) throws Exception {
        FakeProcess.keepAliveMillis = KEEP_ALIVE_MILLIS;
        long bootMillis = Long.parseLong(arguments[1]);
        FakeHost host = new FakeHost();
        host.booting = _ -> {
            try {
                Thread.sleep(bootMillis);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        };
        Sandboxes.Settings settings = new Sandboxes.Settings(1000, Integer.parseInt(arguments[2]), 3600, 0, false);
        try (TestServer server = new TestServer(Path.of(arguments[0]), host, new MovedClock(), settings, Tenants.Limits.NONE)) {
            System.out.println("ready " + server.api.port() + " " + server.key);
            CountDownLatch ended = new CountDownLatch(1);
            Thread.ofPlatform().start(() -> {
                try {
                    while (System.in.read() >= 0) {}
                } catch (java.io.IOException e) {
                    // as its end
                }
                ended.countDown();
            });
            ended.await();
        }
    }
}
