package dev.declaw.server.lifecycle;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.egress.control.EgressProxy;
import dev.declaw.linux.SlotSockets;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.guest.GuestClient.GuestIdentity;
import dev.declaw.server.auth.Tenants;
import dev.declaw.server.vault.Vault;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Ties microVMs to the egress proxy: hands it the sockets of a slot, and the CA that it made to the guest. A sandbox whose
/// slot is not served reaches nothing, so every failure here closes. Thread-safe.
final class EgressSlots {
    private static final Logger LOG = LoggerFactory.getLogger(EgressSlots.class);
    private static final int RETRY_SECONDS = 2;

    private final EgressProxy proxy;
    private final Vault vault;
    private final Tenants tenants;
    private final InstantSource clock;

    EgressSlots(EgressProxy proxy, Vault vault, Tenants tenants, InstantSource clock) {
        this.proxy = proxy;
        this.vault = vault;
        this.tenants = tenants;
        this.clock = clock;
    }

    /// Opens the way out and gives the guest its identity. For a guest that has one already (an adopted microVM) the token
    /// must be the same; everything else is set anew.
    void connect(LiveSandbox sandbox) {
        sandbox.egressLock.lock();
        try {
            Optional<String> ca = open(sandbox);
            Map<String, String> environment = new HashMap<>(sandbox.environment());
            environment.putAll(vault.variables(sandbox.id()));
            environment.put("DECLAW_SANDBOX", "true");
            environment.put("DECLAW_SANDBOX_ID", sandbox.id());
            sandbox.guest()
                    .init(new GuestIdentity(sandbox.row().guestToken(), sandbox.id(), Map.copyOf(environment), ca));
            sandbox.connected(true);
            sandbox.egressOpen(true);
        } finally {
            sandbox.egressLock.unlock();
        }
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
