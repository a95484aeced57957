package dev.declaw.server.lifecycle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.egress.control.EgressProxy;
import dev.declaw.linux.SlotSockets;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.policy.PolicyException;
import dev.declaw.runtime.MicroVm;
import dev.declaw.runtime.guest.GuestClient;
import dev.declaw.runtime.guest.GuestClient.GuestIdentity;
import dev.declaw.runtime.guest.GuestProcess;
import dev.declaw.server.auth.Tenants;
import dev.declaw.server.vault.Vault;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Ties microVMs to the egress proxy: hands it the sockets of a slot, and the CA that it made to the guest. A sandbox whose
/// slot is not served reaches nothing, so every failure here closes. Thread-safe.
final class EgressSlots {
    private static final Logger LOG = LoggerFactory.getLogger(EgressSlots.class);
    private static final int RETRY_SECONDS = 2;
    private static final int NO_VERSION = 0;
    private static final Duration FIRST_COMMAND_DEADLINE = Duration.ofSeconds(30);

    private final EgressProxy proxy;
    private final Vault vault;
    private final Tenants tenants;
    private final ExecGates gates;
    private final InstantSource clock;

    EgressSlots(EgressProxy proxy, Vault vault, Tenants tenants, ExecGates gates, InstantSource clock) {
        this.gates = gates;
        this.proxy = proxy;
        this.vault = vault;
        this.tenants = tenants;
        this.clock = clock;
    }

    /// Opens the way out and gives the guest its identity. For a guest that has one already (an adopted microVM) the token
    /// must be the same; everything else is set anew.
    ///
    /// @param fresh whether the guest comes straight from a template
    void connect(LiveSandbox sandbox, boolean fresh) {
        sandbox.egressLock.lock();
        try {
            identify(sandbox, open(sandbox));
            gates.bring(sandbox, !fresh);
            sandbox.connected(true);
            sandbox.egressOpen(true);
        } finally {
            sandbox.egressLock.unlock();
        }
    }

    /// Gives a microVM that waits for its sandbox a name and a token, a way out that leads nowhere, and its first command: what
    /// the second one needs is warm then.
    void prepare(MicroVm vm, String guestToken) {
        String id = vm.id().value();
        try (SlotSockets sockets = vm.openSockets()) {
            proxy.open(new EgressProxy.SlotRequest(id, NO_VERSION, null, nowhere(), null), sockets);
        }
        vm.guest().init(new GuestIdentity(guestToken, id, environment(id), Optional.empty()));
        GuestClient.ProcessSpec first = new GuestClient.ProcessSpec(
                "true", "user", Optional.empty(), Map.of(), Optional.of(FIRST_COMMAND_DEADLINE), false);
        try (GuestProcess process = vm.guest().start(first)) {
            while (!(process.next() instanceof GuestProcess.Event.Exited)) {
                // a command that prints nothing
            }
        }
    }

    /// Takes [#prepare] back.
    void forget(MicroVm vm) {
        proxy.close(vm.id().value());
    }

    /// As [#connect], for a microVM that was prepared and stands still: the policy of the sandbox takes the place of the one
    /// that denies everything, and the machine goes on. The guest is told what it is in the background: clock, randomness,
    /// environment, and a CA if it is intercepted. Whoever wants something of the guest waits for that.
    void claim(LiveSandbox sandbox) {
        sandbox.egressLock.lock();
        try {
            Optional<String> ca = take(sandbox);
            sandbox.vm().goOn();
            sandbox.identified(CompletableFuture.runAsync(
                    () -> identify(sandbox, ca), work -> Thread.ofVirtual().name("identify-" + sandbox.id()).start(work)));
            gates.bring(sandbox, false); // waits for the identity only where commands are judged
            sandbox.connected(true);
            sandbox.egressOpen(true);
        } finally {
            sandbox.egressLock.unlock();
        }
    }

    private Optional<String> take(LiveSandbox sandbox) {
        try {
            return proxy.update(request(sandbox)).caPem();
        } catch (PolicyException e) {
            throw e;
        } catch (RuntimeException e) {
            LOG.debug("the way out of {} is opened anew: {}", sandbox.id(), e.getMessage()); // the proxy was restarted
            proxy.close(sandbox.id());
            return open(sandbox);
        }
    }

    private void identify(LiveSandbox sandbox, Optional<String> ca) {
        Map<String, String> environment = new HashMap<>(sandbox.environment());
        environment.putAll(vault.variables(sandbox.id()));
        environment.putAll(environment(sandbox.id()));
        sandbox.vm().guest()
                .init(new GuestIdentity(sandbox.row().guestToken(), sandbox.id(), Map.copyOf(environment), ca));
    }

    private static Map<String, String> environment(String id) {
        return Map.of("DECLAW_SANDBOX", "true", "DECLAW_SANDBOX_ID", id);
    }

    private static JsonNode nowhere() {
        ObjectNode network = JsonNodeFactory.instance.objectNode();
        network.putArray("deny_out").add("*");
        return network;
    }

    /// Opens the way out of a running sandbox again, after the proxy lost it: new sockets, and a new CA for the guest.
    /// A failure is logged and leaves the slot closed; [Reaper] comes back to it.
    void reopen(LiveSandbox sandbox) {
        sandbox.egressLock.lock();
        try {
            if (!sandbox.connected()) return; // its create goes on with the new proxy, or fails
            sandbox.egressOpen(false);
            proxy.close(sandbox.id()); // the old sockets must be closed everywhere before new ones are made
            Optional<String> ca = open(sandbox);
            sandbox.guest().installCa(ca.orElse(""));
            sandbox.egressOpen(true);
            LOG.info("egress of {} is open again", sandbox.id());
        } catch (PlatformFailure e) {
            sandbox.retryAfter(clock.instant().plusSeconds(RETRY_SECONDS));
            LOG.warn("egress of {} stays closed for now: {}", sandbox.id(), e.getMessage());
        } catch (RuntimeException e) {
            sandbox.retryAfter(clock.instant().plusSeconds(RETRY_SECONDS));
            LOG.warn("egress of {} stays closed for now", sandbox.id(), e);
        } finally {
            sandbox.egressLock.unlock();
        }
    }

    /// Puts the policy of the sandbox's row in force. The caller holds the sandbox's lock and has stored the row: when the
    /// proxy cannot take it now, the way out is shut until [Reaper] opens it under the new policy. Never stays the old one.
    void update(LiveSandbox sandbox) {
        if (!sandbox.connected() || !sandbox.egressOpen()) return; // it is opened with the new row
        try {
            proxy.update(request(sandbox)).caPem().ifPresent(ca -> sandbox.guest().installCa(ca));
        } catch (RuntimeException e) {
            sandbox.egressOpen(false);
            sandbox.retryAfter(clock.instant());
            LOG.warn("egress of {} is shut until its new policy is in force: {}", sandbox.id(), e.getMessage());
            proxy.close(sandbox.id());
        }
    }

    /// Cuts everything of a sandbox that is going to end.
    void close(LiveSandbox sandbox) {
        sandbox.egressLock.lock();
        try {
            sandbox.egressOpen(false);
            sandbox.connected(false); // a reopening that waits for the lock must not bring it back
            proxy.close(sandbox.id());
        } finally {
            sandbox.egressLock.unlock();
        }
    }

    boolean ready() {
        return proxy.ready();
    }

    private Optional<String> open(LiveSandbox sandbox) {
        try (SlotSockets sockets = sandbox.vm().openSockets()) {
            return proxy.open(request(sandbox), sockets).caPem();
        }
    }

    private EgressProxy.SlotRequest request(LiveSandbox sandbox) {
        JsonNode security = sandbox.row().security().map(StoredJson::read).orElse(null);
        JsonNode network = sandbox.row().network().map(StoredJson::read).orElse(null);
        JsonNode credentials = vault.credentials(sandbox.id());
        return new EgressProxy.SlotRequest(
                sandbox.id(),
                sandbox.row().policyVersion(),
                security,
                network,
                credentials.isEmpty() ? null : credentials,
                new EgressProxy.Tenant(
                        sandbox.row().owner(), tenants.limits(sandbox.row().owner()).egressConnectionsMax()));
    }
}
