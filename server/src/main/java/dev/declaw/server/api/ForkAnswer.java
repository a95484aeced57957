package dev.declaw.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.failure.PlatformFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// Several sandboxes from one snapshot in one call. Each is a create of its own, with its own place in line and its own
/// outcome: what was created stays when others fail, and the answer says which is which.
final class ForkAnswer {
    static final int COUNT_MAX = 64;

    private final Errors errors;

    ForkAnswer(Errors errors) {
        this.errors = errors;
    }

    /// How many a request asks for; 0 when it asks for one in the usual form.
    static int count(JsonBody body) {
        long count = body.wholeNumber("count").orElse(0L);
        if (body.node("count").isEmpty()) return 0;
        if (count < 1 || count > COUNT_MAX) {
            throw JsonBody.wrong("count", "must be a number of sandboxes from 1 to " + COUNT_MAX);
        }
        if (body.node("snapshot_id").isEmpty()) {
            throw JsonBody.wrong("count", "goes with snapshot_id: several sandboxes are made of a snapshot only");
        }
        return (int) count;
    }

    /// The status of an answer: 201 when all were created, 207 when some were (RFC 4918).
    static int status(JsonNode answer) {
        return answer.path("failed").isEmpty() ? 201 : 207;
    }

    /// Creates them at the same time and waits for all.
    ///
    /// @param create makes one and returns its object
    /// @throws RuntimeException the first failure, when none was created
    ObjectNode create(int count, Supplier<ObjectNode> create) {
        List<Outcome> outcomes = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Outcome outcome = new Outcome();
            outcomes.add(outcome);
            threads.add(Thread.ofVirtual().name("fork-" + i).start(() -> outcome.run(create)));
        }
        try {
            for (Thread thread : threads) thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PlatformFailure.InternalFailure("interrupted while sandboxes were created", e);
        }
        ObjectNode answer = Json.object();
        ArrayNode created = answer.putArray("sandboxes");
        ArrayNode failed = answer.putArray("failed");
        for (int i = 0; i < count; i++) {
            Outcome outcome = outcomes.get(i);
            if (outcome.created != null) {
                created.add(outcome.created);
            } else {
                Errors.Answer error = errors.answer(outcome.failure);
                ObjectNode one = failed.addObject().put("index", i).put("status", error.status());
                one.setAll(error.body());
            }
        }
        if (created.isEmpty()) throw outcomes.getFirst().failure;
        return answer;
    }

    private static final class Outcome {
        private ObjectNode created;
        private RuntimeException failure;

        void run(Supplier<ObjectNode> create) {
            try {
                created = create.get();
            } catch (RuntimeException e) {
                failure = e;
            } catch (Error e) {
                failure = new PlatformFailure.InternalFailure("a sandbox could not be created", e);
                throw e;
            }
        }
    }
}
