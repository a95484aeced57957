package dev.declaw.e2e.demo;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.e2e.platform.Api;
import dev.declaw.e2e.platform.Platform;
import dev.declaw.e2e.world.Origin;
import dev.declaw.e2e.world.Received;
import dev.declaw.e2e.world.World;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/// The main job, once, visibly: agent code in a microVM posts personal data over HTTPS to an origin that the demo itself
/// runs; what the agent sent, what the origin got, what the agent got back, what was blocked and why, and the audit trail
/// are printed. Everything is removed at the end. Exit code 1 when anything did not happen as promised.
public final class Demo {
    private static final String POLICY =
            """
            {
              "security": {"pii": {"enabled": true, "action": "redact"}},
              "network":  {"allow_out": ["api.example.test"]},
              "timeout":  300
            }""";

    private final Print print = new Print(System.out);
    private int broken;

    private Demo() {}

    public static void main(String[] arguments) {
        Demo demo = new Demo();
        demo.run();
        System.exit(demo.broken == 0 ? 0 : 1);
    }

    private void run() {
        print.title("Declaw demo: an agent's code, a microVM, and the only way out");
        print.note("making a small internet: a name server, api.example.test and other.example.test (own namespace)");
        try (World world = new World()) {
            Origin api = world.tlsOrigin("api.example.test", Demo::receipt);
            Origin other = world.tlsOrigin("other.example.test", _ -> Received.Answer.text(200, "you should not see this"));
            print.note("starting the server with embedded defaults");
            try (Platform platform = new Platform(world, Map.of())) {
                converse(platform.api(), api, other);
            }
        }
        print.note("cleaned up: server, proxy, microVM, namespaces and taps are gone");
        print.blank();
        if (broken == 0) {
            print.title("Next: ./declaw up starts the server for you to use");
        } else {
            print.title(broken + " promise(s) did not hold; see the lines marked BROKEN above");
        }
    }

    private void converse(Api api, Origin origin, Origin other) {
        print.note("creating a sandbox with this policy:");
        print.block(POLICY);
        long started = System.nanoTime();
        JsonNode sandbox = api.create(POLICY);
        String id = sandbox.path("sandbox_id").textValue();
        double seconds = (System.nanoTime() - started) / 1e9;
        Api.Ran kernel = api.run(id, "echo \"$(uname -sr), $(id -un), $(hostname)\"");
        print.note(String.format("%s is a microVM: %s (created in %.1f s)", id, kernel.stdout().strip(), seconds));

        api.writeFile(id, "/home/user/agent.py", agentScript());
        Api.Ran ran = api.run(id, "python3 /home/user/agent.py");
        if (ran.exitCode() != 0) {
            promise(false, "the agent's script ends well: " + ran.stderr());
            return;
        }
        JsonNode report = read(ran.stdout());

        print.section("1  What the agent sent to https://api.example.test/v1/customers");
        print.block(report.path("sent").toPrettyString());
        print.section("2  What the origin received");
        Received received = origin.received().isEmpty() ? null : origin.received().getFirst();
        promise(received != null, "the origin got the request");
        if (received != null) {
            print.line(received.requestLine());
            print.block(read(received.text()).toPrettyString());
            promise(!origin.everSaw("536-90-4399"), "no social security number left the sandbox");
            promise(!origin.everSaw("4111"), "no card number left the sandbox");
            promise(!origin.everSaw("maria.lopez@example.com"), "no e-mail address left the sandbox");
            promise(read(received.text()).path("order").path("quantity").intValue() == 3, "everything else arrived unchanged");
        }
        print.section("3  What the agent got back (tokens turned back for it alone)");
        print.block(report.path("got").toPrettyString());
        promise(report.path("got").path("receipt_sent_to").asText().equals("maria.lopez@example.com"),
                "the agent sees its own data again");

        print.section("4  What was blocked");
        for (JsonNode attempt : report.path("attempts")) {
            print.line(attempt.path("url").textValue());
            print.line("   → " + attempt.path("result").asText());
            promise(!attempt.path("reached").booleanValue(), "nothing answered the agent there");
        }
        promise(other.connections() == 0, "other.example.test never saw a connection");

        print.section("5  The audit trail (GET /sandboxes/" + id + "/audit)");
        int denied = 0;
        for (JsonNode event : api.audit(id, "")) {
            print.event(event);
            if (event.path("decision").asText().equals("deny")) denied++;
        }
        promise(denied >= 2, "both blocked attempts are on record");
        JsonNode chain = api.get("/sandboxes/" + id + "/audit/verify").body();
        promise(chain.path("intact").booleanValue(), "the hash chain of the trail holds");
        api.delete("/sandboxes/" + id);
        print.blank();
    }

    /// What the demo's origin answers: it repeats some of what it got, as real services do.
    private static Received.Answer receipt(Received request) {
        JsonNode customer = read(request.text());
        return Received.Answer.json(Api.JSON
                .createObjectNode()
                .put("status", "created")
                .put("receipt_sent_to", customer.path("email").asText())
                .put("card_on_file", customer.path("card").asText())
                .toString());
    }

    private void promise(boolean kept, String what) {
        if (!kept) broken++;
        print.promise(kept, what);
    }

    private static JsonNode read(String json) {
        try {
            return Api.JSON.readTree(json);
        } catch (IOException e) {
            return Api.JSON.createObjectNode().put("not_json", json);
        }
    }

    private static String agentScript() {
        try (InputStream in = Demo.class.getResourceAsStream("agent.py")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
