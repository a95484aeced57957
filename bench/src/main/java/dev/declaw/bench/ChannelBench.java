package dev.declaw.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.e2e.platform.Api;
import dev.declaw.e2e.platform.Platform;
import dev.declaw.e2e.world.World;
import dev.declaw.linux.NetworkNamespace;
import dev.declaw.runtime.guest.GuestClient.ProcessSpec;
import dev.declaw.runtime.guest.GuestProcess;
import dev.declaw.runtime.guest.HttpGuestClient;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;

/// What the server adds to its guest's agent: commands and files of one real microVM, in turn straight to the agent through the slot (what
/// the guest channel carries) and over the API. The same client code both times; files lie in the guest's memory.
final class ChannelBench {
    private static final String GUEST_ADDRESS = "10.0.0.2";
    private static final int COMMANDS = 100;
    private static final int WARM_UP = 100;
    private static final int ROUNDS = 7;
    private static final int COPY_BYTES = 256 * 1024;
    private static final String FILE = "/dev/shm/bench";

    private ChannelBench() {}

    static void run(String[] arguments) {
        int mib = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 64;
        try (World world = new World();
                Platform platform = new Platform(world, Map.of())) {
            Api api = platform.api();
            String id = api.create("{\"timeout\": 3600}").path("sandbox_id").textValue();
            String token = token(platform.home(), id);
            NetworkNamespace slot = new NetworkNamespace("declaw-" + id);
            try (HttpGuestClient agent = new HttpGuestClient(slot::openChannel, GUEST_ADDRESS)) {
                agent.authenticate(token);
                System.out.println(commands(api, id, agent));
            }
            Way direct = new Way("agent", "/files?path=" + FILE + "&user=root", token, () -> {
                Socket socket = slot.openChannel().socket();
                socket.connect(new InetSocketAddress(GUEST_ADDRESS, HttpGuestClient.PORT), 5000);
                return socket;
            });
            int port = Integer.parseInt(platform.domain().split(":")[1]);
            Way served = new Way(
                    "server", "/sandboxes/" + id + "/files/raw?path=" + FILE + "&username=root", platform.apiKey(), () -> new Socket("127.0.0.1", port));
            System.out.println(files(platform, api, id, mib, direct, served));
            api.kill(id);
        } catch (IOException | SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private interface Dialer {
        Socket open() throws IOException;
    }

    /// @param target of both the reading and the writing request
    private record Way(String name, String target, String key, Dialer dialer) {}

    /// The token of the guest's agent, which only the server and root know.
    private static String token(Path home, String id) throws SQLException {
        try (Connection database = DriverManager.getConnection("jdbc:sqlite:" + home.resolve("declaw.db"));
                PreparedStatement query = database.prepareStatement("SELECT guest_token FROM sandboxes WHERE id = ?")) {
            query.setString(1, id);
            try (ResultSet row = query.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }

    private static ObjectNode commands(Api api, String id, HttpGuestClient agent) {
        Samples direct = new Samples();
        Samples served = new Samples();
        ProcessSpec spec = new ProcessSpec("true", "user", Optional.empty(), Map.of(), Optional.empty(), false);
        for (int i = -WARM_UP; i < COMMANDS; i++) { // the first ones warm both up
            long start = System.nanoTime();
            try (GuestProcess process = agent.start(spec)) {
                while (!(process.next() instanceof GuestProcess.Event.Exited)) {}
            }
            long between = System.nanoTime();
            api.run(id, "true");
            long end = System.nanoTime();
            if (i < 0) continue;
            direct.add(between - start);
            served.add(end - between);
        }
        ObjectNode line = Api.JSON.createObjectNode().put("bench", "channel").put("what", "command").put("n", COMMANDS);
        direct.describe(line, "agent");
        served.describe(line, "server");
        return line.put("added_p50_ms", Samples.round(served.percentile(0.5) - direct.percentile(0.5)));
    }

    private static ObjectNode files(Platform platform, Api api, String id, int mib, Way direct, Way served) throws IOException {
        Samples[] uploads = {new Samples(), new Samples()};
        Samples[] downloads = {new Samples(), new Samples()};
        long before = rss(platform);
        for (int round = -1; round < ROUNDS; round++) {
            Way[] ways = {direct, served};
            for (int i = 0; i < ways.length; i++) {
                long start = System.nanoTime();
                upload(ways[i], (long) mib << 20);
                long between = System.nanoTime();
                download(ways[i], (long) mib << 20);
                long end = System.nanoTime();
                if (round < 0) continue;
                uploads[i].add(between - start);
                downloads[i].add(end - between);
            }
        }
        ObjectNode line = Api.JSON.createObjectNode().put("bench", "channel").put("what", "files").put("mib", mib).put("rounds", ROUNDS);
        describe(line, "upload", mib, uploads);
        describe(line, "download", mib, downloads);
        return line.put("server_rss_mib_before", before)
                .put("server_rss_mib_after", rss(platform))
                .put("agent_peak_rss_mib", agentPeak(api, id));
    }

    private static void describe(ObjectNode line, String what, int mib, Samples[] samples) {
        double direct = mib / samples[0].percentile(0.5) * 1000;
        double served = mib / samples[1].percentile(0.5) * 1000;
        line.put(what + "_agent_mib_s", Samples.round(direct))
                .put(what + "_server_mib_s", Samples.round(served))
                .put(what + "_ratio", Samples.round(served / direct));
    }

    private static String head(Way way, String method, String rest) {
        return method + " " + way.target() + " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " + way.key() + "\r\nConnection: close\r\n" + rest + "\r\n";
    }

    private static void upload(Way way, long bytes) throws IOException {
        try (Socket socket = way.dialer().open()) {
            OutputStream out = socket.getOutputStream();
            out.write(head(way, "PUT", "Content-Length: " + bytes + "\r\n").getBytes(StandardCharsets.US_ASCII));
            byte[] block = new byte[COPY_BYTES];
            for (long left = bytes; left > 0; left -= Math.min(left, block.length)) out.write(block, 0, (int) Math.min(left, block.length));
            InputStream in = new BufferedInputStream(socket.getInputStream());
            length(way, in);
            while (in.read() >= 0) {}
        }
    }

    private static void download(Way way, long bytes) throws IOException {
        try (Socket socket = way.dialer().open()) {
            socket.getOutputStream().write(head(way, "GET", "").getBytes(StandardCharsets.US_ASCII));
            InputStream in = new BufferedInputStream(socket.getInputStream());
            if (length(way, in) != bytes) throw new IOException(way.name() + " announces another length");
            byte[] block = new byte[COPY_BYTES];
            long read = 0;
            for (int n = in.read(block); n >= 0; n = in.read(block)) read += n;
            if (read != bytes) throw new IOException(way.name() + " sent " + read + " bytes");
        }
    }

    /// Reads the head of an answer; the length that it announces, or -1.
    private static long length(Way way, InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (!head.toString().endsWith("\r\n\r\n")) {
            int octet = in.read();
            if (octet < 0) throw new IOException(way.name() + " closed the connection: " + head);
            head.append((char) octet);
        }
        if (!head.toString().startsWith("HTTP/1.1 20")) throw new IOException(way.name() + " answered " + head);
        return head.toString().lines()
                .filter(line -> line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:"))
                .mapToLong(line -> Long.parseLong(line.substring(15).strip()))
                .findFirst()
                .orElse(-1);
    }

    private static long rss(Platform platform) {
        try {
            return Files.readAllLines(Path.of("/proc/" + platform.process().pid() + "/status")).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024)
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The most memory that a process of the agent has had, MiB.
    private static double agentPeak(Api api, String id) {
        String kib = api.run(id, "cat /proc/1/status /proc/[0-9]*/status 2>/dev/null | awk '/^Name:/{n=$2} /^VmHWM:/{if((n==\"envd\"||n==\"init\")&&$2>m)m=$2} END{print m+0}'",
                        "root", 60).stdout().strip();
        return Samples.round(Double.parseDouble(kib) / 1024);
    }
}
