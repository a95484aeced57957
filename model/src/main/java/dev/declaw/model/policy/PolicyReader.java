package dev.declaw.model.policy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.declaw.model.scan.CustomType;
import dev.declaw.model.scan.PiiType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// Reads a policy as the clients send it (wire-api 15) into a [SecurityPolicy], strictly: an unknown field, an unknown
/// value, a wrong type or a number out of range is a [PolicyException] that names the field; nothing is skipped.
/// A policy that is valid but can have no effect, or less than its author may think, gets a warning.
///
/// What this version cannot enforce is accepted while it is off and refused when it is switched on: a policy is never
/// silently inert.
public final class PolicyReader {
    /// @param policy what to enforce
    /// @param warnings sentences for the create response
    public record Result(SecurityPolicy policy, List<String> warnings) {
        public Result {
            warnings = List.copyOf(warnings);
        }
    }

    private static final int POLICY_CHARS_MAX = 256 * 1024;
    private static final String PII_TYPES =
            Arrays.stream(PiiType.values()).map(PiiType::wire).collect(Collectors.joining(", "));

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final List<String> warnings = new ArrayList<>();

    private PolicyReader() {}

    /// @param security value of the `security` member: an object, `{"policy_json": "…"}`, null or missing
    /// @param network value of the top-level `network` member, null or missing
    /// @throws PolicyException when the policy cannot be accepted as it stands
    public static Result read(JsonNode security, JsonNode network) {
        return new PolicyReader().readAll(security, network);
    }

    private Result readAll(JsonNode security, JsonNode network) {
        JsonNode policy = unwrap(security);
        NetworkPolicy policyNetwork = null;
        PiiPolicy pii = PiiPolicy.OFF;
        EnvSecurity env = EnvSecurity.DEFAULT;
        boolean audit = true;
        PolicyMode mode = PolicyMode.ENFORCE;
        HostSelector intercept = HostSelector.NONE;
        ContentReader content = new ContentReader(warnings);
        if (policy != null) {
            for (var member : policy.properties()) {
                JsonNode value = member.getValue();
                String name = PolicyJson.snake(member.getKey());
                if (value.isNull()) continue;
                switch (name) {
                    case "network" -> policyNetwork = readNetwork("security.network", value);
                    case "pii" -> pii = readPii(value);
                    case "env_security" -> env = readEnvSecurity(value);
                    case "audit" -> audit = readAudit(value);
                    case "mode" -> mode = readMode(value);
                    case "intercept" -> intercept = readIntercept(value);
                    default -> {
                        if (!content.read(name, value)) throw noPart(member.getKey());
                    }
                }
            }
        }
        NetworkPolicy top = network == null || network.isNull() || network.isMissingNode()
                ? null
                : readNetwork("network", network);
        NetworkPolicy effective = combine(top, policyNetwork);
        if (effective.allowListOnly()) {
            warnings.add("network: allow_out without deny_out denies everything that allow_out does not name");
        }
        if (mode == PolicyMode.REPORT) {
            warnings.add("mode: report blocks and changes nothing; what enforce would do stands in the audit log");
            effective = effective.reporting();
        }
        return new Result(
                new SecurityPolicy(effective, pii, content.policy(), content.custom(), env, audit, mode, intercept), warnings);
    }

    private static PolicyException noPart(String name) {
        return new PolicyException(
                "security." + name,
                "is not a part of a policy; the parts are network, pii, transformations, injection_defense, toxicity, "
                        + "code_security, invisible_text, content_gate, custom_policy, intercept, env_security, audit and mode");
    }

    private static HostSelector readIntercept(JsonNode node) {
        String field = "security.intercept";
        if (node.isBoolean()) return node.booleanValue() ? HostSelector.ALL : HostSelector.NONE;
        PolicyJson.object(field, node);
        boolean enabled = false;
        HostSelector hosts = HostSelector.ALL;
        for (var member : node.properties()) {
            JsonNode value = member.getValue();
            String path = field + "." + member.getKey();
            if (value.isNull()) continue;
            switch (PolicyJson.snake(member.getKey())) {
                case "enabled" -> enabled = PolicyJson.bool(path, value);
                case "domains" -> hosts = PolicyJson.readHosts(path, value);
                default -> throw PolicyJson.unknown(path, "enabled, domains");
            }
        }
        return enabled ? hosts : HostSelector.NONE;
    }

    private static PolicyMode readMode(JsonNode node) {
        return switch (PolicyJson.text("security.mode", node)) {
            case "enforce" -> PolicyMode.ENFORCE;
            case "report" -> PolicyMode.REPORT;
            default -> throw new PolicyException("security.mode", "'" + node.textValue() + "' is none of enforce, report");
        };
    }

    private static NetworkPolicy combine(NetworkPolicy top, NetworkPolicy inPolicy) {
        if (top == null) return inPolicy == null ? NetworkPolicy.OPEN : inPolicy;
        if (inPolicy == null || sameRules(top, inPolicy)) return top;
        return new NetworkPolicy(
                top.allowOut(),
                top.denyOut(),
                top.allowPublicTraffic() && inPolicy.allowPublicTraffic(),
                top.maskRequestHost().or(inPolicy::maskRequestHost),
                Optional.of(inPolicy));
    }

    private static boolean sameRules(NetworkPolicy a, NetworkPolicy b) {
        return sources(a.allowOut()).equals(sources(b.allowOut()))
                && sources(a.denyOut()).equals(sources(b.denyOut()))
                && a.allowPublicTraffic() == b.allowPublicTraffic();
    }

    private static List<String> sources(List<NetworkRule> rules) {
        return rules.stream().map(NetworkRule::source).toList();
    }

    private static JsonNode unwrap(JsonNode security) {
        if (security == null || security.isNull() || security.isMissingNode()) return null;
        if (!security.isObject()) {
            throw new PolicyException("security", "must be a policy object or {\"policy_json\": \"<JSON text>\"}");
        }
        JsonNode text = security.get("policy_json");
        if (text == null) return security;
        if (!text.isTextual()) {
            throw new PolicyException("security.policy_json", "must be a string that holds a JSON object");
        }
        if (security.size() > 1) {
            throw new PolicyException("security", "has policy_json and other members; send one form only");
        }
        if (text.textValue().length() > POLICY_CHARS_MAX) {
            throw new PolicyException("security.policy_json", "is longer than " + POLICY_CHARS_MAX + " characters");
        }
        try {
            JsonNode inner = JSON.readTree(text.textValue());
            if (inner == null || !inner.isObject()) {
                throw new PolicyException("security.policy_json", "must hold a JSON object");
            }
            return inner;
        } catch (JsonProcessingException e) {
            throw new PolicyException("security.policy_json", "is not JSON: " + e.getOriginalMessage());
        }
    }

    private NetworkPolicy readNetwork(String field, JsonNode node) {
        PolicyJson.object(field, node);
        List<NetworkRule> allow = List.of();
        List<NetworkRule> deny = List.of();
        boolean allowPublic = true;
        Optional<String> mask = Optional.empty();
        for (var member : node.properties()) {
            JsonNode value = member.getValue();
            String path = field + "." + member.getKey();
            if (value.isNull()) continue;
            switch (PolicyJson.snake(member.getKey())) {
                case "allow_out" -> allow = PolicyJson.readRules(path, value);
                case "deny_out" -> deny = PolicyJson.readRules(path, value);
                case "allow_public_traffic" -> allowPublic = PolicyJson.bool(path, value);
                case "mask_request_host" ->
                    mask = value.isBoolean()
                            ? (value.booleanValue() ? Optional.of("localhost") : Optional.empty())
                            : Optional.of(PolicyJson.text(path, value));
                default -> throw PolicyJson.unknown(path, "allow_out, deny_out, allow_public_traffic, mask_request_host");
            }
        }
        return new NetworkPolicy(allow, deny, allowPublic, mask, Optional.empty());
    }

    private PiiPolicy readPii(JsonNode node) {
        String field = "security.pii";
        if (node.isBoolean()) {
            return node.booleanValue()
                    ? new PiiPolicy(true, PiiPolicy.OFF.types(), ContentAction.REDACT, true, HostSelector.ALL)
                    : PiiPolicy.OFF;
        }
        PolicyJson.object(field, node);
        boolean enabled = false;
        Set<PiiType> types = PiiPolicy.OFF.types();
        List<CustomType> custom = List.of();
        ContentAction action = ContentAction.REDACT;
        boolean rehydrate = true;
        HostSelector hosts = HostSelector.ALL;
        for (var member : node.properties()) {
            JsonNode value = member.getValue();
            String path = field + "." + member.getKey();
            if (value.isNull()) continue;
            switch (PolicyJson.snake(member.getKey())) {
                case "enabled" -> enabled = PolicyJson.bool(path, value);
                case "types" -> types = readPiiTypes(path, value);
                case "custom_types" -> custom = CustomTypeReader.read(path, value);
                case "action" -> action = PolicyJson.action(path, value, ContentAction.REDACT, ContentAction.BLOCK, ContentAction.LOG_ONLY);
                case "rehydrate_response" -> rehydrate = PolicyJson.bool(path, value);
                case "domains" -> hosts = PolicyJson.readHosts(path, value);
                case "model" -> PolicyJson.text(path, value);
                default -> throw PolicyJson.unknown(path, "enabled, types, custom_types, action, rehydrate_response, domains, model");
            }
        }
        if (enabled && types.isEmpty() && custom.isEmpty()) {
            throw new PolicyException(field + ".types", "is empty, so nothing would be found; leave it out for all types");
        }
        return new PiiPolicy(enabled, types, custom, action, rehydrate, hosts);
    }

    private static Set<PiiType> readPiiTypes(String field, JsonNode node) {
        PolicyJson.array(field, node);
        Set<PiiType> types = EnumSet.noneOf(PiiType.class);
        for (int i = 0; i < node.size(); i++) {
            String path = field + "[" + i + "]";
            String name = PolicyJson.text(path, node.get(i));
            types.add(PiiType.parse(name)
                    .orElseThrow(() -> new PolicyException(
                            path,
                            "'" + name + "' is no PII type; the types are " + PII_TYPES)));
        }
        return types;
    }

    private static EnvSecurity readEnvSecurity(JsonNode node) {
        String field = "security.env_security";
        PolicyJson.object(field, node);
        List<String> patterns = EnvSecurity.DEFAULT.maskPatterns();
        boolean mask = true;
        Set<String> sensitive = Set.of();
        for (var member : node.properties()) {
            JsonNode value = member.getValue();
            String path = field + "." + member.getKey();
            if (value.isNull()) continue;
            switch (PolicyJson.snake(member.getKey())) {
                case "mask_patterns" -> {
                    PolicyJson.array(path, value);
                    List<String> read = new ArrayList<>();
                    for (int i = 0; i < value.size(); i++) read.add(PolicyJson.text(path + "[" + i + "]", value.get(i)));
                    patterns = read;
                }
                case "auto_mask_in_audit" -> mask = PolicyJson.bool(path, value);
                case "sensitive_vars" -> sensitive = SensitiveVariables.names(path, value);
                default -> throw PolicyJson.unknown(path, "mask_patterns, auto_mask_in_audit, sensitive_vars");
            }
        }
        return new EnvSecurity(patterns, mask, sensitive);
    }

    private static boolean readAudit(JsonNode node) {
        String field = "security.audit";
        if (node.isBoolean()) return node.booleanValue();
        PolicyJson.object(field, node);
        boolean enabled = true;
        for (var member : node.properties()) {
            String path = field + "." + member.getKey();
            switch (PolicyJson.snake(member.getKey())) {
                case "enabled" -> enabled = PolicyJson.bool(path, member.getValue());
                case "redact_sensitive_data" -> PolicyJson.bool(path, member.getValue()); // always done here, whatever is asked
                default -> throw PolicyJson.unknown(path, "enabled");
            }
        }
        return enabled;
    }
}
