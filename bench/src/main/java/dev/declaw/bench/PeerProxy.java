package dev.declaw.bench;

import dev.declaw.e2e.world.Loopback;
import dev.declaw.linux.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLSocket;

/// A proxy of the distribution that opens TLS as ours does: redirected connections, a leaf made for the name, the origin's
/// certificate verified, one thread. Each is skipped with a message where its package is missing.
enum PeerProxy {
    HAPROXY(4, 15444, List.of("/usr/sbin/haproxy"), "haproxy") {
        @Override
        Command prepare(Path folder) throws IOException {
            Path pair = Files.writeString(
                    folder.resolve("pair.pem"),
                    Files.readString(folder.resolve("ca.pem")) + Files.readString(folder.resolve("ca-key.pem")));
            Path config = Files.writeString(
                    folder.resolve("haproxy.cfg"),
                    """
                    global
                      nbthread 1
                      maxconn 4096
                      ssl-server-verify required
                    defaults
                      mode http
                      timeout connect 5s
                      timeout client 60s
                      timeout server 60s
                    frontend in
                      bind 127.0.0.1:%d ssl crt %s generate-certificates ca-sign-file %s alpn http/1.1
                      default_backend out
                    backend out
                      http-reuse always
                      server origin 127.0.0.3:443 ssl verify required ca-file %s sni str(api.example.test) verifyhost api.example.test
                    """
                            .formatted(port, pair, pair, folder.resolve("upstream.pem")));
            return Command.of("/usr/sbin/haproxy", "-db", "-f", config.toString());
        }
    },
    SQUID(5, 15445, List.of("/usr/sbin/squid", "/usr/lib/squid/security_file_certgen"), "squid-openssl") {
        @Override
        Command prepare(Path folder) throws IOException {
            Path home = Files.createDirectories(folder.resolve("squid"));
            Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxrwxrwx"));
            Path config = Files.writeString(
                    folder.resolve("squid.conf"),
                    """
                    workers 1
                    pid_filename none
                    coredump_dir %1$s
                    cache deny all
                    access_log none
                    cache_log %1$s/cache.log
                    http_port 127.0.0.1:15455
                    https_port 127.0.0.1:%2$d intercept ssl-bump generate-host-certificates=on tls-cert=%3$s tls-key=%4$s
                    sslcrtd_program /usr/lib/squid/security_file_certgen -s %1$s/certs -M 4MB
                    sslcrtd_children 1
                    acl step1 at_step SslBump1
                    ssl_bump peek step1
                    ssl_bump bump all
                    tls_outgoing_options cafile=%5$s
                    dns_nameservers 127.0.0.3
                    http_access allow all
                    shutdown_lifetime 1 second
                    """
                            .formatted(home, port, folder.resolve("ca.pem"), readable(folder), folder.resolve("upstream.pem")));
            return Command.of(
                    "sh", "-c",
                    "setpriv --reuid=proxy --regid=proxy --clear-groups /usr/lib/squid/security_file_certgen -c -s '" + home
                            + "/certs' -M 4MB && exec /usr/sbin/squid -N -f '" + config + "'");
        }

        private Path readable(Path folder) throws IOException {
            Path key = folder.resolve("ca-key.pem");
            Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
            return key;
        }
    },
    MITMPROXY(6, 15446, List.of("/usr/bin/mitmdump"), "mitmproxy") {
        @Override
        Command prepare(Path folder) throws IOException {
            Path home = Files.createDirectories(folder.resolve("mitmproxy"));
            Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxrwxrwx"));
            Files.writeString(
                    home.resolve("mitmproxy-ca.pem"),
                    Files.readString(folder.resolve("ca-key.pem")) + Files.readString(folder.resolve("ca.pem")));
            return Command.of(
                    "setpriv", "--reuid=proxy", "--regid=proxy", "--clear-groups", "/usr/bin/mitmdump", "--quiet",
                    "--mode", "transparent", "--listen-host", "127.0.0.1", "--listen-port", Integer.toString(port),
                    "--set", "confdir=" + home,
                    "--set", "ssl_verify_upstream_trusted_ca=" + folder.resolve("upstream.pem"),
                    "--set", "stream_large_bodies=1m",
                    "--set", "flow_detail=0");
        }
    };

    private static final long READY_MILLIS_MAX = 30_000;

    /// Connections to 127.0.0.`last` go through this proxy.
    final int last;

    final int port;
    private final List<String> programs;
    private final String debianPackage;

    PeerProxy(int last, int port, List<String> programs, String debianPackage) {
        this.last = last;
        this.port = port;
        this.programs = programs;
        this.debianPackage = debianPackage;
    }

    abstract Command prepare(Path folder) throws IOException;

    String label() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    /// Starts it beside ours; empty when it is not installed or does not get ready, which is said on stderr.
    Optional<Process> start(Loopback loopback) throws IOException, InterruptedException {
        for (String program : programs) {
            if (!Files.isExecutable(Path.of(program))) {
                System.err.println("skipping " + label() + ": " + program + " is missing (apt-get install " + debianPackage + ")");
                return Optional.empty();
            }
        }
        loopback.redirect(last, port, "proxy");
        Path log = loopback.folder().resolve(label() + ".log");
        Process process = loopback.start(prepare(loopback.folder()), log);
        long end = System.nanoTime() + READY_MILLIS_MAX * 1_000_000;
        while (System.nanoTime() < end && process.isAlive()) {
            try (SSLSocket _ = loopback.connect(last)) {
                return Optional.of(process);
            } catch (IOException e) {
                Thread.sleep(100); // it does not listen yet
            }
        }
        System.err.println("skipping " + label() + ": it does not get ready\n" + Files.readString(log));
        return Optional.empty();
    }
}
