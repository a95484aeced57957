package dev.declaw.sdk;

import dev.declaw.sdk.internal.Events;
import dev.declaw.sdk.internal.Http;
import dev.declaw.sdk.internal.Http.Call;
import dev.declaw.sdk.internal.Query;
import dev.declaw.sdk.json.JsonObject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// The audit log of a sandbox: what it did, what left it and what was refused. Works for ended sandboxes too. Thread-safe.
///
/// ```java
/// for (AuditEvent event : sandbox.audit().query(Audit.Filter.all().decision("deny"))) {
///     System.out.println(event.reason() + " " + event.attributes().text("host"));
/// }
/// ```
public final class Audit {
    private static final int PAGE_EVENTS = 500;
    private static final int RECONNECTS_MAX = 5;

    private final Http http;
    private final String path;

    Audit(Http http, String sandbox) {
        this.http = http;
        this.path = sandbox + "/audit";
    }

    /// Which events; all conditions must hold. Empty ones hold always.
    public record Filter(
            Optional<String> category,
            Optional<String> event,
            Optional<String> decision,
            Optional<String> host,
            Optional<String> scanner,
            Optional<Instant> since,
            Optional<Instant> until) {
        private static final Filter ALL = new Filter(
                Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(),
                Optional.empty());

        public Filter {
            decision.ifPresent(value -> {
                if (!value.equals("allow") && !value.equals("deny")) {
                    throw new DeclawException.InvalidArgument("a decision is allow or deny, not '" + value + "'");
                }
            });
        }

        public static Filter all() {
            return ALL;
        }

        public Filter category(String value) {
            return new Filter(Optional.of(value), event, decision, host, scanner, since, until);
        }

        public Filter event(String value) {
            return new Filter(category, Optional.of(value), decision, host, scanner, since, until);
        }

        public Filter decision(String value) {
            return new Filter(category, event, Optional.of(value), host, scanner, since, until);
        }

        public Filter host(String value) {
            return new Filter(category, event, decision, Optional.of(value), scanner, since, until);
        }

        public Filter scanner(String value) {
            return new Filter(category, event, decision, host, Optional.of(value), since, until);
        }

        public Filter since(Instant value) {
            return new Filter(category, event, decision, host, scanner, Optional.of(value), until);
        }

        public Filter until(Instant value) {
            return new Filter(category, event, decision, host, scanner, since, Optional.of(value));
        }

        Query query() {
            return new Query()
                    .with("category", category)
                    .with("event", event)
                    .with("decision", decision)
                    .with("host", host)
                    .with("scanner", scanner)
                    .with("since", since)
                    .with("until", until);
        }
    }

    /// @param brokenAt sequence of the first event that does not fit
    public record Verification(boolean intact, long events, String head, OptionalLong brokenAt) {}

    /// All matching events, oldest first.
    public List<AuditEvent> query(Filter filter) {
        return query(filter, Integer.MAX_VALUE);
    }

    /// The oldest `most` matching events.
    public List<AuditEvent> query(Filter filter, int most) {
        List<AuditEvent> found = new ArrayList<>();
        Optional<String> token = Optional.empty();
        do {
            Query query = filter.query().with("limit", Math.min(PAGE_EVENTS, most - found.size())).with("next_token", token);
            JsonObject page = http.get(path + query);
            page.objects("entries").forEach(row -> found.add(AuditEvent.of(row)));
            token = page.optionalText("next_token");
        } while (token.isPresent() && found.size() < most);
        return found;
    }

    /// Hands over what is recorded and then what comes, in order, until the sandbox has ended. Goes on where it stopped when
    /// the connection breaks. Returns at the end.
    public void follow(Filter filter, Consumer<AuditEvent> listener) {
        followWhile(filter, event -> {
            listener.accept(event);
            return true;
        });
    }

    /// As [#follow], until the listener answers false.
    public void followWhile(Filter filter, Predicate<AuditEvent> listener) {
        Optional<String> token = Optional.empty();
        for (int broken = 0; broken <= RECONNECTS_MAX; broken++) {
            Query query = filter.query().with("follow", true).with("next_token", token);
            try (Events events = new Events(http.open(Call.of("GET", path + query)))) {
                for (Optional<Events.Event> event = events.next(); event.isPresent(); event = events.next()) {
                    if (event.get().name().equals("end")) return;
                    AuditEvent fact = AuditEvent.of(event.get().data());
                    token = Optional.of(Long.toString(fact.sequence()));
                    broken = 0;
                    if (!listener.test(fact)) return;
                }
            } catch (DeclawException.ConnectionFailed e) {
                if (broken == RECONNECTS_MAX || Thread.currentThread().isInterrupted()) throw e;
            }
        }
        throw Events.cutOff("the log");
    }

    /// Whether the hash chain over the events is whole.
    public Verification verify() {
        JsonObject answer = http.get(path + "/verify");
        return new Verification(
                answer.flag("intact"),
                answer.number("events"),
                answer.text("head"),
                answer.optionalNumber("broken_at").map(OptionalLong::of).orElse(OptionalLong.empty()));
    }
}
