package dev.declaw.model.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.policy.Decision;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/// One recorded fact. Immutable; built with [#builder].
///
/// Values are data for a JSON encoder: control characters and over-long text are cut when the event is built, so a host
/// name or a path chosen by the guest cannot break a line or a log. Text of bodies, matches and secrets never gets here.
///
/// @param id unique, `aud_` and 24 hex digits; the same id stands in a block response
/// @param time when the decision fell
/// @param sandboxId whose sandbox; empty for platform events
/// @param category group of the event
/// @param event snake_case name, for example `egress_blocked`, `dns_query`, `vm_created`, `command_run`
/// @param decision `allow`, `deny`, or `report` (it passed, but would not have under enforcement); empty where nothing was decided
/// @param reason stable code of [dev.declaw.model.policy.Reason]; empty where nothing was decided
/// @param attributes further facts under fixed names (see [Attribute]); numbers and short text only
public record AuditEvent(
        String id,
        Instant time,
        String sandboxId,
        AuditCategory category,
        String event,
        Optional<String> decision,
        Optional<String> reason,
        Map<String, Object> attributes) {

    /// Names of the attributes, fixed here so that queries, tables and tests agree.
    public static final class Attribute {
        public static final String RULE = "rule";
        public static final String HOST = "host";
        public static final String ADDRESS = "address";
        public static final String PORT = "port";
        public static final String PROTOCOL = "protocol";
        public static final String METHOD = "method";
        public static final String PATH = "path";
        public static final String STATUS = "status";
        public static final String SCANNER = "scanner";
        /// Object of finding type to count.
        public static final String FINDINGS = "findings";
        /// Object of content stage to what it decided, for example `{"pii": "redacted", "injection": "clear"}`.
        public static final String STAGES = "stages";
        /// `report` where the policy only reports; absent otherwise.
        public static final String MODE = "mode";
        public static final String BYTES_UP = "bytes_up";
        public static final String BYTES_DOWN = "bytes_down";
        public static final String LATENCY_MICROS = "latency_micros";
        public static final String POLICY_VERSION = "policy_version";
        public static final String DETAIL = "detail";

        private Attribute() {}
    }

    private static final int TEXT_CHARS_MAX = 512;

    public AuditEvent {
        Objects.requireNonNull(id);
        Objects.requireNonNull(time);
        Objects.requireNonNull(sandboxId);
        Objects.requireNonNull(category);
        Objects.requireNonNull(event);
        attributes = java.util.Collections.unmodifiableMap(new TreeMap<>(attributes));
    }

    public static Builder builder(String id, Instant time, String sandboxId, AuditCategory category, String event) {
        return new Builder(id, time, sandboxId, category, event);
    }

    /// The event as one JSON object with a fixed member order, the form that is stored, hashed and sent.
    public ObjectNode toJson() {
        JsonNodeFactory json = JsonNodeFactory.instance;
        ObjectNode node = json.objectNode();
        node.put("id", id);
        node.put("timestamp", time.truncatedTo(java.time.temporal.ChronoUnit.MICROS).toString());
        node.put("sandbox_id", sandboxId);
        node.put("category", category.wire());
        node.put("event", event);
        decision.ifPresent(value -> node.put("decision", value));
        reason.ifPresent(value -> node.put("reason", value));
        attributes.forEach((name, value) -> {
            switch (value) {
                case String text -> node.put(name, text);
                case Integer number -> node.put(name, number);
                case Long number -> node.put(name, number);
                case Boolean flag -> node.put(name, flag);
                case Map<?, ?> counts -> {
                    ObjectNode object = node.putObject(name);
                    new TreeMap<>(counts).forEach((key, inner) -> {
                        if (inner instanceof Number count) object.put(key.toString(), count.intValue());
                        else object.put(key.toString(), inner.toString());
                    });
                }
                default -> throw new IllegalStateException("attribute " + name + " has a type that is not recorded");
            }
        });
        return node;
    }

    /// Reads what [#toJson] wrote.
    ///
    /// @throws IllegalArgumentException when a mandatory member is missing or malformed
    public static AuditEvent fromJson(JsonNode node) {
        try {
            Builder builder = builder(
                    node.required("id").textValue(),
                    Instant.parse(node.required("timestamp").textValue()),
                    node.required("sandbox_id").textValue(),
                    AuditCategory.valueOf(
                            node.required("category").textValue().toUpperCase(java.util.Locale.ROOT)),
                    node.required("event").textValue());
            node.properties().forEach(member -> {
                JsonNode value = member.getValue();
                switch (member.getKey()) {
                    case "id", "timestamp", "sandbox_id", "category", "event" -> {}
                    case "decision" -> builder.decision = Optional.of(value.textValue());
                    case "reason" -> builder.reason = Optional.of(value.textValue());
                    default -> {
                        if (value.isObject()) {
                            Map<String, Object> inner = new TreeMap<>();
                            value.properties().forEach(m -> inner.put(
                                    m.getKey(), m.getValue().isTextual() ? m.getValue().textValue() : (Object) m.getValue().intValue()));
                            if (!inner.isEmpty()) builder.attributes.put(member.getKey(), inner);
                        } else if (value.isIntegralNumber()) {
                            builder.number(member.getKey(), value.longValue());
                        } else if (value.isBoolean()) {
                            builder.attributes.put(member.getKey(), value.booleanValue());
                        } else {
                            builder.text(member.getKey(), value.textValue());
                        }
                    }
                }
            });
            return builder.build();
        } catch (RuntimeException e) {
            throw new IllegalArgumentException("not an audit event", e);
        }
    }

    public static final class Builder {
        private final String id;
        private final Instant time;
        private final String sandboxId;
        private final AuditCategory category;
        private final String event;
        private Optional<String> decision = Optional.empty();
        private Optional<String> reason = Optional.empty();
        private final Map<String, Object> attributes = new TreeMap<>();

        private Builder(String id, Instant time, String sandboxId, AuditCategory category, String event) {
            this.id = id;
            this.time = time;
            this.sandboxId = sandboxId;
            this.category = category;
            this.event = event;
        }

        public Builder decision(Decision value) {
            decision = Optional.of(value.wire());
            reason = Optional.of(value.reason().code());
            value.rule().ifPresent(rule -> text(Attribute.RULE, rule));
            return this;
        }

        public Builder text(String name, String value) {
            if (value != null && !value.isEmpty()) {
                attributes.put(name, clean(value));
            }
            return this;
        }

        public Builder number(String name, long value) {
            attributes.put(name, value);
            return this;
        }

        public Builder counts(String name, Map<String, Integer> counts) {
            if (!counts.isEmpty()) {
                attributes.put(name, Map.copyOf(counts));
            }
            return this;
        }

        /// @param words fixed words under fixed names; no text of the guest
        public Builder words(String name, Map<String, String> words) {
            if (!words.isEmpty()) {
                attributes.put(name, Map.copyOf(words));
            }
            return this;
        }

        public AuditEvent build() {
            return new AuditEvent(id, time, sandboxId, category, event, decision, reason, attributes);
        }

        private static String clean(String text) {
            if (text.length() <= TEXT_CHARS_MAX && plain(text)) return text;
            StringBuilder out = new StringBuilder(Math.min(text.length(), TEXT_CHARS_MAX + 24));
            for (int i = 0; i < text.length() && out.length() < TEXT_CHARS_MAX; i++) {
                char c = text.charAt(i);
                boolean unsafe = c < 0x20 || c >= 0x7f && c < 0xa0 || c == 0x2028 || c == 0x2029
                        || Character.isSurrogate(c);
                out.append(unsafe ? '\ufffd' : c);
            }
            if (text.length() > TEXT_CHARS_MAX) {
                out.append("…(").append(text.length()).append(" chars)");
            }
            return out.toString();
        }

        /// Whether all of it is visible ASCII, as nearly everything is.
        private static boolean plain(String text) {
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                if (c < 0x20 || c >= 0x7f) return false;
            }
            return true;
        }
    }
}
