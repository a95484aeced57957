package dev.declaw.rego;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.linux.LinuxException;
import dev.declaw.linux.UnixChannel;
import dev.declaw.model.policy.CustomPolicy;
import dev.declaw.model.policy.PolicyException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Compiles custom policies and asks them, over connections to the policy service. Thread-safe. Each call waits for the
/// answer, at most [#COMPILE_MILLIS_MAX] or [#DECISION_MILLIS_MAX] and a second; it must not run on an event loop.
public final class PolicyEngine implements AutoCloseable {
    /// What one decision may take in the service.
    public static final int DECISION_MILLIS_MAX = 250;
    public static final int COMPILE_MILLIS_MAX = 8_000;
    /// Inputs of one decision.
    public static final int INPUTS_MAX = 64;
    /// JSON of one decision's inputs together.
    public static final int INPUT_BYTES_MAX = 900 * 1024;

    private static final int TRANSPORT_MILLIS_MAX = 1_000;
    private static final int CONNECTIONS_MAX = 8;
    private static final int WAITING_MAX = 512;
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String socketName;
    private final ConcurrentLinkedDeque<UnixChannel> idle = new ConcurrentLinkedDeque<>();
    private final ThreadPoolExecutor threads;

    /// @param socketName abstract name under which the service listens, as root
    public PolicyEngine(String socketName) {
        this.socketName = socketName;
        threads = new ThreadPoolExecutor(
                CONNECTIONS_MAX,
                CONNECTIONS_MAX,
                30,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(WAITING_MAX),
                Thread.ofPlatform().name("policies-", 0).daemon().factory());
        threads.allowCoreThreadTimeOut(true);
    }

    /// @throws PolicyException naming module, line and column when it does not compile
    /// @throws PolicyServiceUnavailableException when the service does not answer
    public CompiledPolicy compile(CustomPolicy policy) {
        ObjectNode question = JSON.createObjectNode().put("op", "compile");
        ArrayNode sources = question.putArray("sources");
        policy.modules().forEach(module -> sources.addObject().put("name", module.name()).put("text", module.text()));
        policy.pack().ifPresent(pack -> question.putArray("packs").add(pack));
        JsonNode answer = ask(question, COMPILE_MILLIS_MAX);
        JsonNode problems = answer.path("problems");
        if (!problems.isEmpty()) throw refused(problems);
        String id = answer.path("policy").asText("");
        if (id.isEmpty()) throw new PolicyServiceUnavailableException("the policy service does not compile", null);
        Set<Gate> gates = EnumSet.noneOf(Gate.class);
        for (Gate gate : Gate.values()) {
            for (JsonNode named : answer.path("gates")) {
                if (named.asText().equals(gate.wire())) gates.add(gate);
            }
        }
        return new CompiledPolicy(policy, id, gates, answer.path("reads_body").asBoolean(true), answer.path("reads_model").asBoolean(true));
    }

    private static PolicyException refused(JsonNode problems) {
        List<String> lines = new ArrayList<>();
        String field = "";
        for (JsonNode problem : problems) {
            String module = problem.path("module").asText("");
            if (field.isEmpty()) field = module;
            String place = module.equals(field) || module.isEmpty() ? "" : module + " ";
            int line = problem.path("line").asInt(0);
            if (line > 0) place += "line " + line + ", column " + problem.path("column").asInt(0) + ": ";
            lines.add(place + problem.path("message").asText(""));
        }
        String path = "security.custom_policy" + (field.isEmpty() ? "" : "." + field);
        return new PolicyException(path, "does not compile: " + String.join("; ", lines));
    }

    /// Asks the rules of a gate for each of the inputs; what is denied for one is denied.
    ///
    /// @param inputs 1 to [#INPUTS_MAX] documents
    public Verdict decide(CompiledPolicy policy, Gate gate, List<ObjectNode> inputs) {
        if (!policy.has(gate)) return Verdict.PASSED;
        if (policy.banned()) return new Verdict.Failed("its evaluation ended the policy service repeatedly");
        if (inputs.isEmpty() || inputs.size() > INPUTS_MAX) return new Verdict.Failed("there is too much to judge");
        ObjectNode question = JSON.createObjectNode()
                .put("op", "decide")
                .put("policy", policy.id())
                .put("gate", gate.wire())
                .put("millis", DECISION_MILLIS_MAX);
        question.putArray("inputs").addAll(inputs);
        try {
            JsonNode answer = ask(question, DECISION_MILLIS_MAX);
            if (answer.path("failed").asText("").equals("unknown_policy")) {
                compile(policy.source()); // the service was started anew, or had to forget
                answer = ask(question, DECISION_MILLIS_MAX);
            }
            policy.answered();
            return verdict(answer);
        } catch (PolicyServiceUnavailableException e) {
            if (e.getCause() instanceof EndedException) policy.crashed();
            return new Verdict.Failed(e.getMessage());
        } catch (PolicyException e) {
            return new Verdict.Failed("the policy service forgot it and refuses it now");
        }
    }

    private static Verdict verdict(JsonNode answer) {
        String failed = answer.path("failed").asText("");
        if (!failed.isEmpty()) return new Verdict.Failed(failed + ": " + answer.path("text").asText(""));
        JsonNode deny = answer.get("deny");
        if (deny == null || !deny.isArray()) return new Verdict.Failed("the policy service gave no answer");
        List<Denial> denials = new ArrayList<>();
        deny.forEach(each -> denials.add(new Denial(each.path("rule").asText(""), each.path("message").asText(""))));
        return denials.isEmpty() ? Verdict.PASSED : new Verdict.Denied(denials);
    }

    /// Whether the service answers.
    public boolean answers() {
        try {
            ask(JSON.createObjectNode().put("op", "ping"), DECISION_MILLIS_MAX);
            return true;
        } catch (PolicyServiceUnavailableException e) {
            return false;
        }
    }

    private JsonNode ask(ObjectNode question, int millisMax) {
        byte[] message = bytes(question);
        if (message.length > UnixChannel.MESSAGE_BYTES_MAX) {
            throw new PolicyServiceUnavailableException("what is asked is larger than the policy service takes", null);
        }
        Attempt attempt = new Attempt();
        Future<JsonNode> answer;
        try {
            answer = threads.submit(() -> exchange(message, attempt));
        } catch (RejectedExecutionException e) {
            throw new PolicyServiceUnavailableException("too many decisions wait for the policy service", null);
        }
        try {
            return answer.get(millisMax + TRANSPORT_MILLIS_MAX, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            answer.cancel(false);
            attempt.abandon();
            throw new PolicyServiceUnavailableException("the policy service does not answer in time", null);
        } catch (ExecutionException e) {
            throw new PolicyServiceUnavailableException("the policy service does not answer", e.getCause());
        } catch (InterruptedException e) {
            answer.cancel(false);
            attempt.abandon();
            Thread.currentThread().interrupt();
            throw new PolicyServiceUnavailableException("the question to the policy service was interrupted", null);
        }
    }

    /// One call, which its caller may stop waiting for.
    private static final class Attempt {
        private UnixChannel channel;
        private boolean abandoned;

        synchronized void uses(UnixChannel next) throws IOException {
            if (abandoned) throw new IOException("nobody waits for the answer any more");
            channel = next;
        }

        /// Wakes the thread that waits on the connection.
        synchronized void abandon() {
            abandoned = true;
            if (channel != null) channel.close();
        }
    }

    private static byte[] bytes(ObjectNode question) {
        try {
            return JSON.writeValueAsBytes(question);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of JSON cannot be written", e);
        }
    }

    /// The service ended while it had the question.
    private static final class EndedException extends IOException {
        private static final long serialVersionUID = 1;

        EndedException(IOException cause) {
            super(cause);
        }
    }

    /// A connection that was idle may have lost its peer, which is seen when it takes nothing: then another one is tried.
    private JsonNode exchange(byte[] message, Attempt attempt) throws IOException {
        for (UnixChannel used = idle.pollFirst(); used != null; used = idle.pollFirst()) {
            attempt.uses(used);
            try {
                used.send(message);
            } catch (IOException peerHasGone) {
                used.close();
                continue;
            }
            return answer(used, attempt);
        }
        UnixChannel fresh = connect();
        try {
            attempt.uses(fresh);
            fresh.send(message);
        } catch (IOException e) {
            fresh.close();
            throw e;
        }
        return answer(fresh, attempt);
    }

    private JsonNode answer(UnixChannel channel, Attempt attempt) throws IOException {
        JsonNode answer;
        try (UnixChannel.Received received = channel.receive()) {
            answer = JSON.readTree(received.bytes());
        } catch (IOException e) {
            channel.close();
            throw new EndedException(e);
        }
        attempt.uses(null);
        idle.addFirst(channel);
        return answer;
    }

    private UnixChannel connect() {
        UnixChannel channel;
        try {
            channel = UnixChannel.connectAbstract(socketName, PATIENCE);
        } catch (LinuxException e) {
            throw new PolicyServiceUnavailableException("the policy service is not there", e);
        }
        if (channel.peer().uid() != 0) { // any user may take an abstract name; only root starts the service
            channel.close();
            throw new PolicyServiceUnavailableException("somebody else listens in the policy service's place", null);
        }
        return channel;
    }

    @Override
    public void close() {
        threads.shutdownNow();
        for (UnixChannel channel = idle.poll(); channel != null; channel = idle.poll()) channel.close();
    }
}
