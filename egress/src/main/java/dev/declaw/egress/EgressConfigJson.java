package dev.declaw.egress;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.model.network.Cidr;
import dev.declaw.model.network.IpLiteral;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// An [EgressConfig] as JSON text, the form in which the server hands it to the proxy process. Read strictly: both ends
/// are the same program, so whatever differs is a mistake.
public final class EgressConfigJson {
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private EgressConfigJson() {}

    public static String write(EgressConfig config) {
        ObjectNode node = JSON.createObjectNode();
        ArrayNode resolvers = node.putArray("resolvers");
        config.resolvers().forEach(server -> resolvers.add(formatHostPort(server)));
        ArrayNode internal = node.putArray("internal_ranges");
        config.internalRanges().forEach(range -> internal.add(range.toString()));
        ArrayNode authorities = node.putArray("upstream_ca");
        config.upstreamCa().forEach(file -> authorities.add(file.toAbsolutePath().toString()));
        ArrayNode parents = node.putArray("parent_proxy");
        config.parentProxy().ifPresent(parent -> parents.add(formatHostPort(parent)));
        EgressConfig.Limits limits = config.limits();
        node.putObject("limits")
                .put("head_bytes_max", limits.headBytesMax())
                .put("head_fields_max", limits.headFieldsMax())
                .put("scan_body_bytes_max", limits.scanBodyBytesMax())
                .put("connections_per_sandbox_max", limits.connectionsPerSandboxMax())
                .put("head_millis_max", limits.headMillisMax())
                .put("idle_millis_max", limits.idleMillisMax())
                .put("connect_millis_max", limits.connectMillisMax())
                .put("upstream_idle_per_host_max", limits.upstreamIdlePerHostMax());
        return node.toString();
    }

    /// @throws IllegalArgumentException naming the member that is missing or wrong
    public static EgressConfig read(String text) {
        JsonNode node;
        try {
            node = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("the egress configuration is not JSON: " + e.getOriginalMessage());
        }
        if (!node.isObject() || node.size() != 5) {
            throw new IllegalArgumentException(
                    "the egress configuration has the members resolvers, internal_ranges, upstream_ca, parent_proxy and limits");
        }
        JsonNode limits = node.path("limits");
        if (limits.size() != 8) throw new IllegalArgumentException("limits: has eight members");
        List<InetSocketAddress> parents = list(node, "parent_proxy", EgressConfigJson::parseHostPort);
        if (parents.size() > 1) throw new IllegalArgumentException("parent_proxy: at most one");
        return new EgressConfig(
                list(node, "resolvers", EgressConfigJson::parseHostPort),
                list(node, "internal_ranges", EgressConfigJson::parseCidr),
                list(node, "upstream_ca", Path::of),
                new EgressConfig.Limits(
                        positive(limits, "head_bytes_max"),
                        positive(limits, "head_fields_max"),
                        positive(limits, "scan_body_bytes_max"),
                        positive(limits, "connections_per_sandbox_max"),
                        positive(limits, "head_millis_max"),
                        positive(limits, "idle_millis_max"),
                        positive(limits, "connect_millis_max"),
                        positive(limits, "upstream_idle_per_host_max")),
                parents.stream().findFirst());
    }

    private static <T> List<T> list(JsonNode node, String member, Function<String, T> parse) {
        JsonNode array = node.path(member);
        if (!array.isArray()) throw new IllegalArgumentException(member + ": must be a list");
        List<T> values = new ArrayList<>();
        for (JsonNode entry : array) {
            if (!entry.isTextual()) throw new IllegalArgumentException(member + ": must hold text");
            values.add(parse.apply(entry.textValue()));
        }
        return values;
    }

    private static int positive(JsonNode node, String member) {
        JsonNode value = node.path(member);
        if (!value.isInt() || value.intValue() <= 0) {
            throw new IllegalArgumentException("limits." + member + ": must be a positive number");
        }
        return value.intValue();
    }

    /// Reads `192.0.2.1:53` or `[2001:db8::1]:53`. Names are not resolved here.
    ///
    /// @throws IllegalArgumentException showing the form to write
    public static InetSocketAddress parseHostPort(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) host = host.substring(1, host.length() - 1);
        else if (host.indexOf(':') >= 0) host = "";
        String port = text.substring(colon + 1);
        if (!port.matches("[1-9][0-9]{0,4}") || Integer.parseInt(port) > 65_535) host = "";
        String form = "'" + text + "' is no ADDRESS:PORT such as 127.0.0.1:15001 or [::1]:15001";
        return new InetSocketAddress(
                IpLiteral.parse(host).orElseThrow(() -> new IllegalArgumentException(form)), Integer.parseInt(port));
    }

    /// @throws IllegalArgumentException showing the form to write
    public static Cidr parseCidr(String text) {
        return Cidr.parse(text)
                .orElseThrow(() -> new IllegalArgumentException("'" + text + "' is no block such as 10.1.0.0/16"));
    }

    private static String formatHostPort(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
    }
}
