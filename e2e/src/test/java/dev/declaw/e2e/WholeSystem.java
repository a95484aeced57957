package dev.declaw.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.e2e.platform.Api;
import dev.declaw.e2e.platform.Platform;
import dev.declaw.e2e.world.Origin;
import dev.declaw.e2e.world.Received;
import dev.declaw.e2e.world.World;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/// The world and the real server that the whole-system tests share: started once a test run, stopped at its end. A test
/// makes its own sandboxes and kills them.
public final class WholeSystem implements BeforeAllCallback, ParameterResolver {
    private static final ExtensionContext.Namespace SPACE = ExtensionContext.Namespace.create(WholeSystem.class);

    @Override
    public void beforeAll(ExtensionContext context) {
        shared(context);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Rig.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return shared(context);
    }

    private static Rig shared(ExtensionContext context) {
        return context.getRoot().getStore(SPACE).computeIfAbsent("rig", _ -> new Rig(), Rig.class);
    }

    /// World, server and origins: `api.example.test` (TLS), `plain.example.test` (port 80), `other.example.test` (TLS),
    /// `deep.sub.example.test` (TLS).
    public static final class Rig implements AutoCloseable {
        public final World world = new World();
        public final Origin api;
        public final Origin plain;
        public final Origin other;
        public final Origin deep;
        public final Platform platform;

        Rig() {
            try {
                api = world.tlsOrigin("api.example.test", Rig::echo);
                plain = world.plainOrigin("plain.example.test", 80, Rig::echo);
                other = world.tlsOrigin("other.example.test", Rig::echo);
                deep = world.tlsOrigin("deep.sub.example.test", Rig::echo);
                platform = new Platform(world, Map.of());
            } catch (RuntimeException | Error failure) {
                world.close();
                throw failure;
            }
        }

        /// An origin that sends back what it got, in the type it came in.
        private static Received.Answer echo(Received request) {
            String type = request.header("Content-Type").orElse("text/plain");
            return new Received.Answer(
                    200, Map.of("Content-Type", type), request.body(), request.target().contains("chunked"));
        }

        public Api api() {
            return platform.api();
        }

        /// A sandbox under a policy, with the probe in place. The policy is written with single quotes.
        public TestSandbox sandbox(String policy) {
            for (Origin origin : List.of(api, plain, other, deep)) origin.forget();
            world.names().forget();
            JsonNode created = api().create(policy.replace('\'', '"'));
            TestSandbox sandbox = new TestSandbox(api(), created.path("sandbox_id").textValue(), created);
            api().writeFile(sandbox.id(), "/home/user/probe.py", resource("probe.py"));
            return sandbox;
        }

        @Override
        public void close() {
            try {
                platform.close();
            } finally {
                world.close();
            }
        }
    }

    static String resource(String name) {
        try (InputStream in = WholeSystem.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /// One sandbox of a test; closing kills it.
    public record TestSandbox(Api api, String id, JsonNode created) implements AutoCloseable {
        public Api.Ran run(String command) {
            return api.run(id, command);
        }

        public Api.Ran root(String command) {
            return api.run(id, command, "root", 60);
        }

        /// Sends one raw request as the probe does and returns its report.
        public JsonNode probe(String host, int port, String tls, String... parts) {
            return probe(host, port, tls, 0, parts);
        }

        public JsonNode probe(String host, int port, String tls, double pauseSeconds, String... parts) {
            return probe(host, port, tls, pauseSeconds, true, parts);
        }

        /// As [#probe], for an origin that is reached unopened: the guest does not know the world's authority.
        public JsonNode probeUnverified(String host, int port, String tls, String... parts) {
            return probe(host, port, tls, 0, false, parts);
        }

        private JsonNode probe(
                String host, int port, String tls, double pauseSeconds, boolean verify, String... parts) {
            ObjectNode ask = Api.JSON.createObjectNode().put("host", host).put("port", port).put("tls", tls);
            ask.put("pause", pauseSeconds).put("verify", verify);
            for (String part : parts) {
                ask.withArray("parts")
                        .add(Base64.getEncoder().encodeToString(part.getBytes(StandardCharsets.ISO_8859_1)));
            }
            Api.Ran ran = run("python3 /home/user/probe.py <<'ASK'\n" + ask + "\nASK");
            try {
                return Api.JSON.readTree(ran.stdout());
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(ran.stderr(), e);
            }
        }

        /// Reasons of this sandbox's denials so far, oldest first.
        public List<String> denials() {
            List<String> reasons = new ArrayList<>();
            for (JsonNode event : api.audit(id, "decision=deny")) reasons.add(event.path("reason").textValue());
            return reasons;
        }

        @Override
        public void close() {
            api.kill(id);
        }
    }
}
