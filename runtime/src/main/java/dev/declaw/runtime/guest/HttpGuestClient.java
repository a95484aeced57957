package dev.declaw.runtime.guest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.failure.PlatformFailure;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// The agent's client over HTTP/1.1 (protocol/guest.md). The JDK's own HTTP client cannot use a socket that was made inside
/// a namespace, and trusts its servers more than a guest can be trusted.
public final class HttpGuestClient implements GuestClient, AutoCloseable {
    /// Port of the agent in the guest.
    public static final int PORT = 49983;

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int ENTROPY_BYTES = 64;
    private static final int MACHINE_ID_CHARACTERS = 32;

    /// For calls that change little; a slow guest on a busy machine is given time.
    private static final Duration CALL_DEADLINE = Duration.ofSeconds(30);

    /// For calls that may walk or remove a large tree, and for the rest of an upload to reach the disk.
    private static final Duration LONG_CALL_DEADLINE = Duration.ofSeconds(120);

    private static final Duration FIRST_TRY = Duration.ofMillis(40);
    private static final Duration LONGEST_TRY = Duration.ofSeconds(1);
    private static final Duration HEALTH_DEADLINE = Duration.ofSeconds(5);

    private final ConnectionPool pool;
    private final Exchange exchange;
    private final ProcessCalls processes;
    private volatile boolean restored;
    private final SecureRandom random = new SecureRandom();

    /// @param dialer makes an unconnected channel inside the slot
    /// @param guestAddress address of the guest there
    public HttpGuestClient(ChannelFactory dialer, String guestAddress) {
        this(dialer, new InetSocketAddress(guestAddress, PORT));
    }

    HttpGuestClient(ChannelFactory dialer, InetSocketAddress agent) {
        this.pool = new ConnectionPool(dialer, agent);
        this.exchange = new Exchange(pool);
        this.processes = new ProcessCalls(exchange, CALL_DEADLINE, LONG_CALL_DEADLINE);
    }

    @Override
    public void init(GuestIdentity identity) {
        byte[] entropy = new byte[ENTROPY_BYTES];
        random.nextBytes(entropy);
        ObjectNode body = JSON.createObjectNode()
                .put("token", identity.token())
                .put("hostname", identity.hostname())
                .put("machine_id", machineId(identity.token()))
                .put("entropy", Base64.getEncoder().encodeToString(entropy))
                .put("ca_pem", identity.caPem().orElse(""));
        ObjectNode environment = body.putObject("env");
        identity.environment().forEach(environment::put);
        Instant now = Instant.now();
        body.put("time_unix_nanos", now.getEpochSecond() * 1_000_000_000L + now.getNano());
        if (restored) {
            body.put("restored", true);
        }
        exchange.json("POST", "/init", body, CALL_DEADLINE);
        exchange.token(identity.token());
        restored = false;
    }

    /// Holds every process of the guest but its agent still.
    public void freeze() {
        exchange.json("POST", "/freeze", null, CALL_DEADLINE);
    }

    /// Takes [#freeze] back.
    public void thaw() {
        exchange.json("POST", "/thaw", null, CALL_DEADLINE);
    }

    /// The next [#init] is that of a machine that was saved: it ends the guest's connections, whose peers are gone.
    public void restored() {
        restored = true;
    }

    /// The token that authenticates calls; empty before the first.
    public Optional<String> token() {
        return exchange.token();
    }

    /// The token that the guest has from an earlier [#init]: the next one needs it, as every other call does.
    public void authenticate(String token) {
        exchange.token(token);
    }

    @Override
    public void installCa(String caPem) {
        exchange.json("POST", "/ca", JSON.createObjectNode().put("ca_pem", caPem), CALL_DEADLINE);
    }

    @Override
    public boolean healthy(Duration deadline) {
        try {
            return exchange.json("GET", "/health", null, deadline).hasNonNull("version");
        } catch (PlatformFailure unwell) {
            return false;
        }
    }

    /// Asks until the agent answers for the first time. Each try gets more time than the one before: on a busy machine a short
    /// one would never succeed, and while the guest's network is down a long one would wait for nothing.
    ///
    /// @param alive asked before every try; false ends the waiting
    /// @return whether it answered
    public boolean awaitHealthy(Duration deadline, BooleanSupplier alive) {
        return await(deadline, alive, () -> healthy(HEALTH_DEADLINE));
    }

    /// Asks until the agent takes a connection, which the next call uses.
    public boolean awaitReachable(Duration deadline, BooleanSupplier alive) {
        return await(deadline, alive, () -> true);
    }

    private boolean await(Duration deadline, BooleanSupplier alive, BooleanSupplier then) {
        long end = System.nanoTime() + deadline.toNanos();
        Duration patience = FIRST_TRY;
        while (System.nanoTime() < end && alive.getAsBoolean()) {
            if (pool.reachable(patience) && then.getAsBoolean()) {
                return true;
            }
            patience = longer(patience);
        }
        return false;
    }

    /// An eighth more, up to a limit.
    static Duration longer(Duration patience) {
        Duration next = patience.multipliedBy(9).dividedBy(8);
        return next.compareTo(LONGEST_TRY) < 0 ? next : LONGEST_TRY;
    }

    @Override
    public GuestProcess start(ProcessSpec spec) {
        return processes.start(spec);
    }

    @Override
    public int launch(ProcessSpec spec) {
        return processes.launch(spec);
    }

    @Override
    public GuestProcess follow(ProcessRef process, long after) {
        return processes.follow(process, after);
    }

    @Override
    public List<ProcessInfo> processes() {
        return processes.list();
    }

    @Override
    public void writeStdin(ProcessRef process, byte[] bytes) {
        processes.writeStdin(process, bytes);
    }

    @Override
    public void closeStdin(ProcessRef process) {
        exchange.json("POST", process.target("stdin/close"), null, CALL_DEADLINE);
    }

    @Override
    public boolean kill(ProcessRef process) {
        return exchange.json("POST", process.target("kill"), null, CALL_DEADLINE).path("killed").asBoolean();
    }

    @Override
    public void resize(int pid, TerminalSize size) {
        ObjectNode body = JSON.createObjectNode().put("cols", size.columns()).put("rows", size.rows());
        exchange.json("POST", "/processes/" + pid + "/resize", body, CALL_DEADLINE);
    }

    @Override
    public GuestTunnel connect(int port) {
        return exchange.tunnel("/ports/" + port, "declaw-tcp", CALL_DEADLINE);
    }

    @Override
    public boolean armExecGate() {
        return exchange.json("POST", "/exec-gate", JSON.createObjectNode(), CALL_DEADLINE).path("memory").asBoolean(false);
    }

    @Override
    public GuestTunnel execGate() {
        return exchange.tunnel("/exec-gate", "declaw-exec-gate", CALL_DEADLINE);
    }

    @Override
    public void disarmExecGate() {
        exchange.json("DELETE", "/exec-gate", null, CALL_DEADLINE);
    }

    @Override
    public GuestWatch watch(String path, String user, boolean recursive) {
        String target = "/files/watch?" + query(path, user) + "&recursive=" + recursive;
        return new FollowedDirectory(exchange.stream("GET", target, new byte[0], CALL_DEADLINE));
    }

    @Override
    public FileContent read(String path, String user) {
        Answer answer = exchange.stream("GET", "/files?" + query(path, user), new byte[0], CALL_DEADLINE);
        return new FileContent(answer, answer.sizeBytes());
    }

    @Override
    public long write(String path, String user, InputStream content) throws IOException {
        JsonNode size = exchange.upload("PUT", "/files?" + query(path, user), content, LONG_CALL_DEADLINE)
                .path("size");
        if (!size.isIntegralNumber() || size.longValue() < 0) {
            throw Exchange.unreachable(new GuestProtocolException("not a size"));
        }
        return size.longValue();
    }

    @Override
    public List<FileEntry> list(String path, String user, int depth) {
        JsonNode list = exchange.json(
                        "GET", "/files/list?" + query(path, user) + "&depth=" + depth, null, LONG_CALL_DEADLINE)
                .path("entries");
        try {
            if (!list.isArray() || list.size() > WireLimits.LISTING_ENTRIES_MAX) {
                throw new GuestProtocolException("not a listing");
            }
            List<FileEntry> entries = new ArrayList<>(list.size());
            for (JsonNode entry : list) {
                entries.add(EntryReader.read(entry));
            }
            return entries;
        } catch (IOException failure) {
            throw Exchange.unreachable(failure);
        }
    }

    @Override
    public FileEntry info(String path, String user) {
        return entry(exchange.json("GET", "/files/info?" + query(path, user), null, CALL_DEADLINE));
    }

    @Override
    public boolean exists(String path, String user) {
        return exchange.json("GET", "/files/exists?" + query(path, user), null, CALL_DEADLINE)
                .path("exists")
                .asBoolean();
    }

    @Override
    public void remove(String path, String user) {
        exchange.json("DELETE", "/files?" + query(path, user), null, LONG_CALL_DEADLINE);
    }

    @Override
    public FileEntry rename(String oldPath, String newPath, String user) {
        ObjectNode body =
                JSON.createObjectNode().put("old_path", oldPath).put("new_path", newPath).put("user", user);
        return entry(exchange.json("POST", "/files/rename", body, CALL_DEADLINE));
    }

    @Override
    public boolean makeDirectory(String path, String user) {
        ObjectNode body = JSON.createObjectNode().put("path", path).put("user", user);
        return exchange.json("POST", "/files/mkdir", body, CALL_DEADLINE).path("created").asBoolean();
    }

    /// Closes the idle connections.
    @Override
    public void close() {
        pool.close();
    }

    /// The same for every `init` with the same token, so that the call can be repeated; nothing of the token can be learnt
    /// from it (machine-id(5) asks for 32 hex digits).
    static String machineId(String token) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update("machine-id:".getBytes(StandardCharsets.US_ASCII));
            String hex = HexFormat.of().formatHex(digest.digest(token.getBytes(StandardCharsets.UTF_8)));
            return hex.substring(0, MACHINE_ID_CHARACTERS);
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every JDK has SHA-256", impossible);
        }
    }

    private static FileEntry entry(JsonNode json) {
        try {
            return EntryReader.read(json);
        } catch (GuestProtocolException failure) {
            throw Exchange.unreachable(failure);
        }
    }

    private static String query(String path, String user) {
        return "path=" + URLEncoder.encode(path, StandardCharsets.UTF_8) + "&user="
                + URLEncoder.encode(user, StandardCharsets.UTF_8);
    }
}
