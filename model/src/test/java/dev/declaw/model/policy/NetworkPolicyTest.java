package dev.declaw.model.policy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.model.network.Cidr;
import dev.declaw.model.network.HostName;
import dev.declaw.model.network.IpLiteral;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Each row reads: under this policy, this destination gets this decision for this reason.
class NetworkPolicyTest {
    private static NetworkPolicy policy(String allow, String deny) throws Exception {
        ObjectMapper json = new ObjectMapper();
        var node = json.createObjectNode();
        for (String rule : split(allow)) node.withArray("allow_out").add(rule);
        for (String rule : split(deny)) node.withArray("deny_out").add(rule);
        return PolicyReader.read(null, node).policy().network();
    }

    private static List<String> split(String rules) {
        return rules == null ? List.of() : List.of(rules.split(" "));
    }

    private static String told(Decision decision) {
        return (decision.allowed() ? "allow " : "deny ") + decision.reason().code();
    }

    @ParameterizedTest(name = "allow [{0}] deny [{1}]: name {2} → {3}")
    @CsvSource({
        ", , example.com, allow allowed_by_default",
        "example.com, , example.com, allow allowed_by_rule",
        "example.com, , www.example.com, deny not_in_allow_list",
        "*.example.com, , www.example.com, allow allowed_by_rule",
        "*.example.com, , a.b.example.com, allow allowed_by_rule",
        "*.example.com, , example.com, deny not_in_allow_list",
        "*.example.com, , evil-example.com, deny not_in_allow_list",
        "*.example.com, , example.com.evil.test, deny not_in_allow_list",
        "~.*[.]example[.](com|org), , a.example.org, allow allowed_by_rule",
        "~example, , notexample.com, deny not_in_allow_list",
        ", evil.test, evil.test, deny denied_by_rule",
        ", evil.test, example.com, allow allowed_by_default",
        ", 0.0.0.0/0, example.com, deny denied_by_rule",
        ", *, example.com, deny denied_by_rule",
        ", ::/0, example.com, deny denied_by_rule",
        ", ALL_TRAFFIC, example.com, deny denied_by_rule",
        "example.com, 0.0.0.0/0, example.com, allow allowed_by_rule",
        "example.com, example.com, example.com, allow allowed_by_rule",
        "example.com, 10.0.0.0/8, other.test, allow allowed_by_default",
        "192.0.2.7, , example.com, deny not_in_allow_list",
        "*, , metadata.google.internal, deny metadata_endpoint",
        "metadata.google.internal, , metadata.google.internal, deny metadata_endpoint"
    })
    @Tag("B029") @Tag("B034")
    void judgesNames(String allow, String deny, String name, String expected) throws Exception {
        HostName host = HostName.parse(name).orElseThrow();
        assertThat(told(policy(allow, deny).decideName(host))).isEqualTo(expected);
    }

    @ParameterizedTest(name = "allow [{0}] deny [{1}]: address {2} → {3}")
    @CsvSource({
        ", , 8.8.8.8, allow allowed_by_default",
        ", , 10.0.0.1, deny address_not_public",
        ", , 127.0.0.1, deny address_not_public",
        ", , 169.254.169.254, deny metadata_endpoint",
        "169.254.169.254, , 169.254.169.254, deny metadata_endpoint",
        "169.254.0.0/16, , 169.254.169.254, deny metadata_endpoint",
        "*, , 169.254.169.254, deny metadata_endpoint",
        "*, , ::ffff:169.254.169.254, deny metadata_endpoint",
        "*, , 10.0.0.1, deny address_not_public",
        "*, , 8.8.8.8, allow allowed_by_rule",
        "10.0.0.0/8, , 10.0.0.1, allow allowed_by_rule",
        "10.0.0.0/8, , 11.0.0.1, deny name_required",
        "example.com, , 8.8.8.8, deny name_required",
        ", 8.8.8.0/24, 8.8.8.8, deny denied_by_rule",
        ", 8.8.8.0/24, 8.8.4.4, allow allowed_by_default",
        "8.8.8.8, 8.8.8.0/24, 8.8.8.8, allow allowed_by_rule",
        ", 0.0.0.0/0, 2606:4700::1, deny denied_by_rule"
    })
    @Tag("B028")
    void judgesBareAddresses(String allow, String deny, String address, String expected) throws Exception {
        assertThat(told(policy(allow, deny).decideAddress(IpLiteral.parse(address).orElseThrow())))
                .isEqualTo(expected);
    }

    @ParameterizedTest(name = "allow [{0}] deny [{1}] internal [{2}]: example.com at {3} → {4}")
    @CsvSource({
        ", , , 8.8.8.8, allow allowed_by_default",
        ", , , 10.0.0.1, deny address_not_public",
        "example.com, , , 10.0.0.1, deny address_not_public",
        "example.com, , 10.0.0.0/8, 10.0.0.1, allow allowed_by_rule",
        ", , 10.0.0.0/8, 10.0.0.1, deny address_not_public",
        "example.com, , 0.0.0.0/0, 169.254.169.254, deny metadata_endpoint",
        "example.com 10.0.0.0/8, , , 10.0.0.1, allow allowed_by_rule",
        "example.com, 8.8.8.0/24, , 8.8.8.8, allow allowed_by_rule",
        ", 8.8.8.0/24, , 8.8.8.8, deny denied_by_rule",
        "8.8.8.8, 8.8.8.0/24, , 8.8.8.8, allow allowed_by_rule",
        "other.test, , , 8.8.8.8, deny not_in_allow_list"
    })
    @Tag("B016") @Tag("B018")
    void judgesEveryAddressThatANameResolvedTo(
            String allow, String deny, String internal, String address, String expected) throws Exception {
        List<Cidr> ranges = split(internal).stream().map(text -> Cidr.parse(text).orElseThrow()).toList();
        Decision decision = policy(allow, deny)
                .decideResolved(new HostName("example.com"), IpLiteral.parse(address).orElseThrow(), ranges);
        assertThat(told(decision)).isEqualTo(expected);
    }

    @ParameterizedTest(name = "both lists: {0} → {1}")
    @CsvSource({
        "both.test, allow allowed_by_rule",
        "outer.test, deny not_in_allow_list",
        "inner.test, deny not_in_allow_list"
    })
    void aPolicyOfTheSandboxAndOneInTheSecurityObjectMustBothAllow(String name, String expected) throws Exception {
        ObjectMapper json = new ObjectMapper();
        NetworkPolicy both = PolicyReader.read(
                        json.readTree("{\"network\":{\"allow_out\":[\"both.test\",\"inner.test\"]}}"),
                        json.readTree("{\"allow_out\":[\"both.test\",\"outer.test\"]}"))
                .policy()
                .network();
        assertThat(told(both.decideName(new HostName(name)))).isEqualTo(expected);
    }

    @ParameterizedTest(name = "outer {0}, inner allows the name: {1} → {2}")
    @CsvSource(delimiter = '|', value = {
        "{\"deny_out\":[\"8.8.8.0/24\"]} | 8.8.8.8 | deny denied_by_rule",
        "{\"deny_out\":[\"8.8.8.0/24\"]} | 9.9.9.9 | allow allowed_by_rule",
        "{\"deny_out\":[\"8.8.8.0/24\"]} | 10.0.0.1 | deny address_not_public"
    })
    void aRuleOfOnePolicyOpensNoAddressInTheOther(String outer, String address, String expected) throws Exception {
        ObjectMapper json = new ObjectMapper();
        NetworkPolicy both = PolicyReader.read(
                        json.readTree("{\"network\":{\"allow_out\":[\"example.com\"]}}"), json.readTree(outer))
                .policy()
                .network();
        List<Cidr> internal = List.of(Cidr.parse("10.0.0.0/8").orElseThrow());
        assertThat(told(both.decideResolved(new HostName("example.com"), IpLiteral.parse(address).orElseThrow(), internal)))
                .isEqualTo(expected);
    }
}
