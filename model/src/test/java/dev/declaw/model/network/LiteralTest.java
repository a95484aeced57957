package dev.declaw.model.network;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LiteralTest {
    @ParameterizedTest(name = "[{0}] is no address")
    @ValueSource(
            strings = {
                "", "1", "2130706433", "0177.0.0.1", "0x7f.1", "0x7f000001", "127.1", "1.2.3", "1.2.3.4.5", "1.2.3.256",
                "01.2.3.4", "1.2.3.04", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4.", ".1.2.3.4", "1..2.3", "+1.2.3.4", "1.2.3.-4",
                "1.2.3.4\n", "１.2.3.4", "[::1]", "::1%eth0", "1::2::3", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
                "12345::", "g::", "::1.2.3", "::1.2.3.4.5", "1.2.3.4::", ":1::2", "1::2:", "::ffff:1.2.3.04", "1:2:3:4:5:6:7::8",
                "1:2:3:4:5:6:7:1.2.3.4"
            })
    @Tag("B027")
    void refusesEverySpellingThatAResolverMightStillAccept(String text) {
        assertThat(IpLiteral.parse(text)).isEmpty();
    }

    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource({
        "0.0.0.0, 0.0.0.0",
        "255.255.255.255, 255.255.255.255",
        "::, 0:0:0:0:0:0:0:0",
        "::1, 0:0:0:0:0:0:0:1",
        "1::, 1:0:0:0:0:0:0:0",
        "2001:DB8::a, 2001:db8:0:0:0:0:0:a",
        "1:2:3:4:5:6:7:8, 1:2:3:4:5:6:7:8",
        "::ffff:1.2.3.4, 1.2.3.4",
        "64:ff9b::1.2.3.4, 64:ff9b:0:0:0:0:102:304"
    })
    void readsTheStandardForms(String text, String expected) {
        assertThat(IpLiteral.parse(text).orElseThrow().getHostAddress()).isEqualTo(expected);
    }

    @ParameterizedTest(name = "[{0}] is no host name")
    @ValueSource(
            strings = {
                "", ".", "..", ".a", "a..b", "a.b..", "-a.b", "a-.b", "a b", "a\tb", "a\nb", "a/b", "a\\b", "a#b", "a?b",
                "a@b", "a:443", "[a]", "a%b", "ä.example", "ａ.example", "a。example", "1.2.3.4", "127.1", "1", "0x7f", "a.0x7f",
                "a.1", "K.example\u212a", "a\0b", "*.example.com", "~x"
            })
    @Tag("B024") @Tag("B030") @Tag("B031")
    void refusesWhatIsNotAPlainName(String text) {
        assertThat(HostName.parse(text)).isEmpty();
    }

    @ParameterizedTest(name = "{0} becomes {1}")
    @CsvSource({
        "EXAMPLE.com, example.com",
        "example.com., example.com",
        "a_b.example, a_b.example",
        "localhost, localhost",
        "xn--bcher-kva.example, xn--bcher-kva.example",
        "1a.2b, 1a.2b"
    })
    @Tag("B023") @Tag("B024") @Tag("B030")
    void bringsANameIntoItsOneForm(String text, String expected) {
        assertThat(HostName.parse(text).orElseThrow().value()).isEqualTo(expected);
    }

    @Test
    @Tag("B032")
    void boundsLabelsAndNames() {
        assertThat(HostName.parse("a".repeat(63) + ".x")).isPresent();
        assertThat(HostName.parse("a".repeat(64) + ".x")).isEmpty();
        String longest = ("a".repeat(62) + ".").repeat(4) + "b";
        assertThat(longest).hasSize(253);
        assertThat(HostName.parse(longest)).isPresent();
        assertThat(HostName.parse("c" + longest)).isEmpty();
    }

    @ParameterizedTest(name = "{0} holds {1}: {2}")
    @CsvSource({
        "10.0.0.0/8, 10.255.0.1, true",
        "10.1.2.3/8, 10.255.0.1, true",
        "10.0.0.0/8, 11.0.0.0, false",
        "192.0.2.4/30, 192.0.2.7, true",
        "192.0.2.4/30, 192.0.2.8, false",
        "192.0.2.1, 192.0.2.1, true",
        "192.0.2.1, 192.0.2.2, false",
        "2001:db8::/33, 2001:db8:7fff::1, true",
        "2001:db8::/33, 2001:db8:8000::1, false",
        "0.0.0.0/0, 2001:db8::1, false"
    })
    void aBlockHoldsItsOwnFamilyOnly(String block, String address, boolean expected) {
        assertThat(Cidr.parse(block).orElseThrow().contains(IpLiteral.parse(address).orElseThrow()))
                .isEqualTo(expected);
    }

    @ParameterizedTest(name = "[{0}] is no block")
    @ValueSource(strings = {"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/", "10.0.0/8", "::/129", "a/8", "/8"})
    void refusesBlocksThatAreNone(String text) {
        assertThat(Cidr.parse(text)).isEmpty();
    }
}
