package dev.declaw.server;

import dev.declaw.server.config.ConfigException;
import dev.declaw.server.config.ConfigReader;
import dev.declaw.server.config.ServerConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;

/// The server with all roles on this machine. Prints `ready http://HOST:PORT` on stdout when it takes requests; ends on
/// SIGTERM or SIGINT, and kills its sandboxes then unless it is told to keep them.
@Command(
        name = "server",
        aliases = "serve",
        description = "Run the API, the microVMs and the egress proxy on this machine.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Settings come from DECLAW_* variables or from the properties file that DECLAW_CONFIG names:",
            "  DECLAW_HOME, DECLAW_CACHE, DECLAW_LISTEN, DECLAW_ENVD, DECLAW_WARM_POOL, DECLAW_KEEP_SANDBOXES,",
            "  DECLAW_SANDBOXES_MAX, DECLAW_BOOTS_MAX, DECLAW_MEMORY_MIB, DECLAW_TIMEOUT_SECONDS_MAX,",
            "  DECLAW_TENANT_SANDBOXES_MAX, DECLAW_TENANT_CREATES_PER_SECOND_MAX, DECLAW_TENANT_MEMORY_MIB_MAX,",
            "  DECLAW_TENANT_VOLUMES_MIB_MAX, DECLAW_TENANT_EGRESS_CONNECTIONS_MAX, DECLAW_TENANT_SNAPSHOTS_MIB_MAX,",
            "  DECLAW_STORE_DIRECTORY, DECLAW_STORE_S3_BUCKET, DECLAW_STORE_S3_ENDPOINT, DECLAW_STORE_S3_REGION,",
            "  DECLAW_STORE_S3_PREFIX, DECLAW_STORE_S3_PATH_STYLE, DECLAW_STORE_S3_CREDENTIALS, DECLAW_STORE_S3_ACCESS_KEY,",
            "  DECLAW_STORE_S3_SECRET_KEY, DECLAW_STORE_KEY, DECLAW_SNAPSHOT_CACHE_MIB, DECLAW_SNAPSHOT_TTL_SECONDS,",
            "  DECLAW_SNAPSHOT_TTL_SECONDS_MAX, DECLAW_TENANT_SNAPSHOTS_MAX,",
            "  DECLAW_TLS_LISTEN, DECLAW_TLS_CERTIFICATE, DECLAW_TLS_KEY,",
            "  DECLAW_EGRESS_RESOLVERS, DECLAW_EGRESS_INTERNAL_RANGES, DECLAW_EGRESS_UPSTREAM_CA,",
            "  DECLAW_EGRESS_PARENT_PROXY"
        })
final class ServerCommand implements Callable<Integer> {
    static final int EXIT_FAILED = 1;
    static final int EXIT_USAGE = 2;

    private final PrintStream out = System.out;
    private final PrintStream err = System.err;

    @Override
    public Integer call() throws InterruptedException {
        ServerConfig config;
        try {
            config = ConfigReader.read(System.getenv());
        } catch (ConfigException e) {
            e.problems().forEach(problem -> err.println("declaw: " + problem));
            return EXIT_USAGE;
        }
        Server server;
        try {
            server = Server.start(config);
        } catch (IOException | RuntimeException e) {
            err.println("declaw: the server cannot start: " + reason(e));
            return EXIT_FAILED;
        }
        CountDownLatch ended = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            server.close();
            ended.countDown();
        }));
        out.println("ready " + server.url());
        out.flush();
        ended.await();
        return 0;
    }

    static String reason(Throwable thrown) {
        StringBuilder text = new StringBuilder(String.valueOf(thrown.getMessage()));
        for (Throwable cause = thrown.getCause(); cause != null; cause = cause.getCause()) {
            text.append(": ").append(cause.getMessage());
        }
        return text.toString();
    }
}
