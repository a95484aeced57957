package dev.declaw.egress.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.egress.control.EgressProxy.SlotRequest;
import java.io.IOException;
import java.util.Optional;

/// The messages of the control channel, as `protocol/egress-control.md` describes them. Both ends are the same program, so
/// reading is strict: a message that is not understood ends the channel.
sealed interface ControlMessage {
    int PROTOCOL = 1;

    /// The proxy is up, without privileges, and takes calls.
    record Hello(int protocol) implements ControlMessage {}

    /// Serve a slot; two descriptors come with it: the TCP listener, then the DNS socket.
    record Open(long id, SlotRequest slot) implements ControlMessage {}

    /// Put another policy in force for a sandbox that is served.
    record Update(long id, SlotRequest slot) implements ControlMessage {}

    /// Stop serving a sandbox.
    record Close(long id, String sandboxId) implements ControlMessage {}

    /// Are you there?
    record Ping(long id) implements ControlMessage {}

    /// What have you counted?
    record Stats(long id) implements ControlMessage {}

    /// Answer to [Stats].
    ///
    /// @param text samples in the Prometheus text format
    record Counted(long id, String text) implements ControlMessage {}

    /// The call was done.
    ///
    /// @param caPem answer to [Open] where the policy intercepts; empty otherwise
    record Done(long id, Optional<String> caPem) implements ControlMessage {}

    /// The call was not done.
    ///
    /// @param policyField the field that cannot be accepted; empty for any other failure
    record Failed(long id, Optional<String> policyField, String message) implements ControlMessage {}

    ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    default byte[] encode() {
        ObjectNode node = JSON.createObjectNode();
        switch (this) {
            case Hello(int protocol) -> node.put("message", "hello").put("protocol", protocol);
            case Open(long id, SlotRequest slot) -> slot(node, "open", id, slot);
            case Update(long id, SlotRequest slot) -> slot(node, "update", id, slot);
            case Close(long id, String sandboxId) ->
                node.put("message", "close").put("id", id).put("sandbox_id", sandboxId);
            case Ping(long id) -> node.put("message", "ping").put("id", id);
            case Stats(long id) -> node.put("message", "stats").put("id", id);
            case Counted(long id, String text) -> node.put("message", "counted").put("id", id).put("text", text);
            case Done(long id, Optional<String> caPem) ->
                node.put("message", "done").put("id", id).put("ca_pem", caPem.orElse(null));
            case Failed(long id, Optional<String> field, String message) ->
                node.put("message", "failed").put("id", id).put("field", field.orElse(null)).put("text", message);
        }
        try {
            return JSON.writeValueAsBytes(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of plain values can always be written", e);
        }
    }

    private static void slot(ObjectNode node, String message, long id, SlotRequest slot) {
        node.put("message", message).put("id", id).put("sandbox_id", slot.sandboxId());
        node.put("policy_version", slot.policyVersion());
        node.set("security", slot.security());
        node.set("network", slot.network());
        if (slot.credentials() != null) node.set("credentials", slot.credentials());
        if (!slot.tenant().equals(EgressProxy.Tenant.NONE)) {
            node.putObject("tenant").put("id", slot.tenant().id()).put("connections_max", slot.tenant().connectionsMax());
        }
    }

    private static SlotRequest slot(JsonNode node) {
        return new SlotRequest(
                text(node, "sandbox_id"),
                number(node, "policy_version"),
                orNull(node, "security"),
                orNull(node, "network"),
                node.get("credentials"),
                node.has("tenant") ? tenant(node.get("tenant")) : EgressProxy.Tenant.NONE);
    }

    private static EgressProxy.Tenant tenant(JsonNode node) {
        int connections = number(node, "connections_max");
        if (connections < 0) throw new IllegalArgumentException("connections_max");
        return new EgressProxy.Tenant(text(node, "id"), connections);
    }

    /// @throws IOException when the bytes are no message of this protocol
    static ControlMessage decode(byte[] bytes) throws IOException {
        JsonNode node = JSON.readTree(bytes);
        try {
            return switch (node.required("message").textValue()) {
                case "hello" -> new Hello(number(node, "protocol"));
                case "open" -> new Open(id(node), slot(node));
                case "update" -> new Update(id(node), slot(node));
                case "close" -> new Close(id(node), text(node, "sandbox_id"));
                case "ping" -> new Ping(id(node));
                case "stats" -> new Stats(id(node));
                case "counted" -> new Counted(id(node), text(node, "text"));
                case "done" -> new Done(id(node), Optional.ofNullable(node.required("ca_pem").textValue()));
                case "failed" ->
                    new Failed(id(node), Optional.ofNullable(node.required("field").textValue()), text(node, "text"));
                case null, default -> throw new IOException("an unknown message on the control channel");
            };
        } catch (IllegalArgumentException e) {
            throw new IOException("a control message lacks a member", e);
        }
    }

    private static long id(JsonNode node) {
        JsonNode id = node.required("id");
        if (!id.isIntegralNumber()) throw new IllegalArgumentException("id");
        return id.longValue();
    }

    private static int number(JsonNode node, String member) {
        JsonNode value = node.required(member);
        if (!value.isInt()) throw new IllegalArgumentException(member);
        return value.intValue();
    }

    private static String text(JsonNode node, String member) {
        JsonNode value = node.required(member);
        if (!value.isTextual()) throw new IllegalArgumentException(member);
        return value.textValue();
    }

    private static JsonNode orNull(JsonNode node, String member) {
        JsonNode value = node.required(member);
        return value.isNull() ? null : value;
    }
}
