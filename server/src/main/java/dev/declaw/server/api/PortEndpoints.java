package dev.declaw.server.api;

import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.policy.NetworkPolicy;
import dev.declaw.runtime.guest.GuestTunnel;
import dev.declaw.server.lifecycle.LiveSandbox;
import dev.declaw.server.lifecycle.Sandboxes;
import dev.declaw.server.ports.PortRelay;
import dev.declaw.server.ports.PortTarget;
import dev.declaw.server.ports.UpgradedConnection;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// The way into a sandbox's own servers (wire-api 8): HTTP, server-sent events and WebSocket, any method below
/// `/sandboxes/{id}/ports/{port}`.
final class PortEndpoints {
    static final List<String> METHODS = List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

    private static final int PORT_MAX = 65_535;
    private static final int AGENT_PORT = 49_983;
    private static final int SEGMENTS_BEFORE_REST = 4;
    private static final String HOST_FORM = "[A-Za-z0-9._:\\[\\]-]{1,255}";

    private final Sandboxes sandboxes;
    private final PortGuard guard;

    PortEndpoints(Sandboxes sandboxes, PortGuard guard) {
        this.sandboxes = sandboxes;
        this.guard = guard;
    }

    void relay(HttpCall call) {
        int port = port(call.parameter("port"));
        sandboxes.use(call.caller(), call.parameter("id"), sandbox -> {
            NetworkPolicy network = sandbox.policy().network();
            if (!inbound(network)) {
                throw new PlatformFailure.PermissionDenied(
                        "inbound_denied", "this sandbox was created with allow_public_traffic false: its ports cannot be reached");
            }
            sandbox.record(AuditCategory.NETWORK, "port_reached", facts -> facts.number("port", port)
                    .text("method", call.method())
                    .text("decision", "allow"));
            relay(call, sandbox, port, network);
            return null;
        });
    }

    private static boolean inbound(NetworkPolicy network) {
        return network.allowPublicTraffic() && network.restriction().map(PortEndpoints::inbound).orElse(true);
    }

    private static int port(String text) {
        long port = Query.parse("port", text, 1, PORT_MAX);
        if (port == AGENT_PORT) {
            throw new PlatformFailure.PermissionDenied("port_refused", "port " + AGENT_PORT + " is the sandbox's own agent");
        }
        return (int) port;
    }

    private void relay(HttpCall call, LiveSandbox sandbox, int port, NetworkPolicy network) {
        GuestTunnel tunnel = connect(sandbox, port);
        boolean handedOver = false;
        try {
            PortTarget target = new PortTarget(
                    call.pathAndQueryBehind(SEGMENTS_BEFORE_REST),
                    host(network, port),
                    "/sandboxes/" + sandbox.id() + "/ports/" + port,
                    guard.secrets(call));
            Optional<UpgradedConnection> upgraded = call.relay(tunnel, target);
            if (upgraded.isPresent()) {
                LiveSandbox.Call held = sandbox.enter(); // this call ends before the connection does
                upgraded.get().whenEnded(held::close);
                handedOver = true;
            }
        } catch (PortRelay.NoAnswerException e) {
            String what = e.late() ? "it did not answer in time" : e.getMessage();
            throw new PlatformFailure.GuestUnreachable("the server on port " + port + " of the sandbox gave no proper answer: " + what, e);
        } catch (IOException e) {
            throw new HttpCall.CallerGoneException(e);
        } finally {
            if (!handedOver) tunnel.close();
        }
    }

    private static GuestTunnel connect(LiveSandbox sandbox, int port) {
        try {
            return sandbox.guest().connect(port);
        } catch (PlatformFailure.NotFound e) {
            throw new PlatformFailure.GuestUnreachable("nothing in the sandbox listens on port " + port, e);
        }
    }

    private static String host(NetworkPolicy network, int port) {
        String host = network.maskRequestHost()
                .map(mask -> mask.replace("${PORT}", Integer.toString(port)))
                .orElse("localhost:" + port);
        if (!host.matches(HOST_FORM)) {
            throw new PlatformFailure.Conflict("mask_request_host", "the sandbox's network.mask_request_host is no host name");
        }
        return host;
    }
}
