package dev.declaw.cli.mcp;

import dev.declaw.sdk.Declaw;
import dev.declaw.sdk.DeclawException;
import dev.declaw.sdk.DeclawException.InvalidArgument;
import dev.declaw.sdk.Sandbox;
import dev.declaw.sdk.SandboxBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The sandboxes that this server made, each for one session, and their limit. Thread-safe; closing ends them all.
final class Sandboxes implements AutoCloseable {
    private final Declaw client;
    private final Settings settings;
    private final Map<String, Owned> owned = new HashMap<>();
    private int inTheMaking;
    private boolean closed;

    private record Owned(Object owner, Sandbox sandbox) {}

    Sandboxes(Declaw client, Settings settings) {
        this.client = client;
        this.settings = settings;
    }

    /// Makes one under the operator's policy.
    Sandbox create(Object owner) {
        take();
        Sandbox sandbox = null;
        try {
            SandboxBuilder builder = client.sandbox().template(settings.template()).timeout(settings.timeout());
            settings.network().ifPresent(builder::network);
            settings.security().ifPresent(builder::securityJson);
            sandbox = builder.metadata(Map.of("made_by", "declaw-mcp")).create();
        } finally {
            settle(owner, sandbox);
        }
        return sandbox;
    }

    /// Takes a place, if need be that of one that has ended by itself.
    private void take() {
        if (tookOne()) return;
        for (Sandbox sandbox : all()) {
            if (!sandbox.isRunning()) forget(sandbox.id());
        }
        if (!tookOne()) throw new InvalidArgument(settings.sandboxesMax() + " sandboxes are running, the limit; kill one first");
    }

    private synchronized boolean tookOne() {
        if (closed || owned.size() + inTheMaking >= settings.sandboxesMax()) return false;
        inTheMaking++;
        return true;
    }

    private void settle(Object owner, Sandbox sandbox) {
        boolean late;
        synchronized (this) {
            inTheMaking--;
            late = closed;
            if (sandbox != null && !late) owned.put(sandbox.id(), new Owned(owner, sandbox));
        }
        if (sandbox != null && late) sandbox.kill();
    }

    private synchronized List<Sandbox> all() {
        return owned.values().stream().map(Owned::sandbox).toList();
    }

    private synchronized void forget(String id) {
        owned.remove(id);
    }

    /// One that was made for this owner.
    synchronized Sandbox get(Object owner, String id) {
        Owned found = owned.get(id);
        if (found == null || found.owner() != owner) {
            throw new InvalidArgument("there is no such sandbox; create_sandbox makes one");
        }
        return found.sandbox();
    }

    void kill(Object owner, String id) {
        get(owner, id).kill();
        forget(id);
    }

    /// Ends all of an owner.
    void killAll(Object owner) {
        List<String> ids = new ArrayList<>();
        synchronized (this) {
            owned.forEach((id, one) -> {
                if (one.owner() == owner) ids.add(id);
            });
            ids.forEach(owned::remove);
        }
        end(ids);
    }

    private void end(List<String> ids) {
        try {
            client.killAll(ids);
        } catch (DeclawException e) {
            System.err.println("the sandboxes end with their timeout: " + e.getMessage());
        }
    }

    @Override
    public void close() {
        List<String> ids;
        synchronized (this) {
            closed = true;
            ids = List.copyOf(owned.keySet());
            owned.clear();
        }
        end(ids);
    }
}
