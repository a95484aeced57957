package dev.declaw.egress.control;

import com.aayushatharva.brotli4j.Brotli4jLoader;
import com.github.luben.zstd.Zstd;
import dev.declaw.egress.EgressConfig;
import dev.declaw.egress.EgressConfigJson;
import dev.declaw.egress.audit.AuditSpool;
import dev.declaw.egress.metrics.EgressMetrics;
import dev.declaw.egress.tls.CertificateAuthority;
import dev.declaw.linux.Credentials;
import dev.declaw.linux.UnixChannel;
import dev.declaw.model.scan.ContentScanners;
import dev.declaw.rego.PolicyEngine;
import io.netty.channel.epoll.Epoll;
import io.netty.handler.ssl.OpenSsl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The proxy process (role `egress-worker`): begins as root, loads what it needs, gives root up, and serves the slots that
/// come over the control channel until that closes. Its working directory is the audit spool, so that the spool can be
/// written later although the directories above may be closed to the new user.
public final class EgressProcess {
    /// Numeric user and group of the proxy where the operator names none: no entry in /etc/passwd, and no other program's.
    public static final int DEFAULT_UID = 1_999_999;

    private static final Logger LOG = LoggerFactory.getLogger(EgressProcess.class);
    /// Two descriptors for each of thousands of connections, and some for the process itself.
    private static final int OPEN_FILES_MAX = 65_536;
    private static final int COMMAND_LINE_BYTES_MAX = 4_000;

    /// @param controlSocket where the server listens
    /// @param uid user to become
    /// @param gid group to become
    /// @param config what the operator decided
    /// @param policies abstract name of the policy service's socket; empty where there is none
    public record Arguments(Path controlSocket, int uid, int gid, EgressConfig config, Optional<String> policies) {
        public Arguments {
            if (uid <= 0 || gid <= 0) throw new IllegalArgumentException("the proxy never runs as root");
        }

        /// The arguments after the role's name on the command line.
        public List<String> toCommandLine() {
            return List.of(
                    "--control", controlSocket.toAbsolutePath().toString(),
                    "--uid", Integer.toString(uid),
                    "--gid", Integer.toString(gid),
                    "--config", EgressConfigJson.write(config),
                    "--policies", policies.orElse(""));
        }

        /// Reads what [#toCommandLine] wrote.
        ///
        /// @throws IllegalArgumentException when it is anything else
        public static Arguments parse(List<String> words) {
            boolean form = words.size() == 10
                    && words.get(0).equals("--control")
                    && words.get(2).equals("--uid")
                    && words.get(4).equals("--gid")
                    && words.get(6).equals("--config")
                    && words.get(8).equals("--policies");
            if (!form) throw new IllegalArgumentException("this role is started by the server, never by hand");
            return new Arguments(
                    Path.of(words.get(1)),
                    Integer.parseInt(words.get(3)),
                    Integer.parseInt(words.get(5)),
                    EgressConfigJson.read(words.get(7)),
                    Optional.of(words.get(9)).filter(name -> !name.isEmpty()));
        }
    }

    private EgressProcess() {}

    /// Runs to the end of the process; call it on the main thread. It does not return: whatever ends it ends the process at
    /// once, and the kernel closes every socket.
    public static void run(List<String> words) {
        int status = 1;
        try {
            serve(Arguments.parse(words), InstantSource.system());
            status = 0;
        } catch (IOException | RuntimeException | Error e) {
            LOG.error("the egress proxy ends", e);
        } finally {
            Runtime.getRuntime().halt(status);
        }
    }

    private static void serve(Arguments arguments, InstantSource clock) throws IOException {
        try (UnixChannel channel = UnixChannel.connect(arguments.controlSocket())) {
            loadWhatNeedsFiles();
            AuditSpool spool = openSpool(arguments);
            EgressMetrics metrics = new EgressMetrics();
            metrics.text(); // its classes, while files can be read
            EgressParts parts = EgressParts.wire(arguments.config(), metrics.counting(spool), clock);
            Credentials.drop(arguments.uid(), arguments.gid(), OPEN_FILES_MAX);
            Optional<PolicyEngine> policies = arguments.policies().map(PolicyEngine::new);
            Thread.ofPlatform().daemon().name("egress-warm-up").start(() -> warmUp(clock));
            new ControlLoop(channel, new EngineSlots(parts, metrics, clock, policies)).run();
            LOG.info("the server has closed the control channel");
        }
    }

    private static AuditSpool openSpool(Arguments arguments) throws IOException {
        Path here = Path.of(".");
        Files.setPosixFilePermissions(here, PosixFilePermissions.fromString("rwx------"));
        Files.setAttribute(here, "unix:uid", arguments.uid());
        Files.setAttribute(here, "unix:gid", arguments.gid());
        return AuditSpool.open(here, AuditSpool.Limits.DEFAULT);
    }

    /// Native libraries and archives are opened while every file can be read: an archive that is open stays readable.
    /// Classes that lie in plain directories must be readable for everybody.
    private static void loadWhatNeedsFiles() throws IOException {
        ArchiveFiles.openAll();
        Epoll.ensureAvailability();
        OpenSsl.ensureAvailability();
        Brotli4jLoader.ensureAvailability();
        if (Zstd.maxCompressionLevel() < 1) throw new IOException("zstd does not work");
        requireShortCommandLine();
        ContentScanners.installed().openFiles();
    }

    /// ONNX Runtime 1.29 reads the command line into a page of memory while its library is loaded, and crashes the process
    /// when it does not fit. An argument file (`@java.args`) keeps it short.
    private static void requireShortCommandLine() throws IOException {
        int bytes = Files.readAllBytes(Path.of("/proc/self/cmdline")).length;
        if (bytes >= COMMAND_LINE_BYTES_MAX) {
            throw new IOException("the command line has " + bytes + " bytes; it must stay under " + COMMAND_LINE_BYTES_MAX
                    + ": put arguments into a file (java @file)");
        }
    }

    /// The first authority of a process takes a thousand classes; the first sandbox should not wait for them.
    private static void warmUp(InstantSource clock) {
        CertificateAuthority.create("warm-up", clock).certificatePem();
    }
}
