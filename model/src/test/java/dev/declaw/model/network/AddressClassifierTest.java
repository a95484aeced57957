package dev.declaw.model.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.net.InetAddress;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressClassifierTest {
    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource({
        "8.8.8.8, PUBLIC",
        "1.1.1.1, PUBLIC",
        "172.15.255.255, PUBLIC",
        "172.32.0.0, PUBLIC",
        "100.63.255.255, PUBLIC",
        "100.128.0.0, PUBLIC",
        "2606:4700:4700::1111, PUBLIC",
        "169.254.169.254, METADATA",
        "169.254.170.2, METADATA",
        "100.100.100.200, METADATA",
        "192.0.0.192, METADATA",
        "168.63.129.16, METADATA",
        "fd00:ec2::254, METADATA",
        "fd00:ec2::23, METADATA",
        "fd20:ce::254, METADATA",
        "0.0.0.0, UNSPECIFIED",
        "0.1.2.3, UNSPECIFIED",
        "::, UNSPECIFIED",
        "127.0.0.1, LOOPBACK",
        "127.255.255.254, LOOPBACK",
        "::1, LOOPBACK",
        "169.254.1.1, LINK_LOCAL",
        "fe80::1, LINK_LOCAL",
        "10.0.0.1, PRIVATE",
        "172.16.0.1, PRIVATE",
        "192.168.255.255, PRIVATE",
        "fc00::1, PRIVATE",
        "fdff::1, PRIVATE",
        "fec0::1, PRIVATE",
        "100.64.0.1, SHARED",
        "198.18.0.1, BENCHMARK",
        "198.19.255.255, BENCHMARK",
        "192.0.2.1, DOCUMENTATION",
        "203.0.113.9, DOCUMENTATION",
        "2001:db8::1, DOCUMENTATION",
        "3fff::1, DOCUMENTATION",
        "224.0.0.1, MULTICAST",
        "255.255.255.255, MULTICAST",
        "ff02::1, MULTICAST",
        "240.0.0.1, RESERVED",
        "192.0.0.1, RESERVED",
        "100::1, RESERVED",
        "4000::1, RESERVED"
    })
    @Tag("B018")
    void sortsAnAddressByTheRegistryThatNamesIt(String address, AddressClass expected) {
        assertThat(AddressClassifier.classify(IpLiteral.parse(address).orElseThrow())).isEqualTo(expected);
    }

    /// Catalogue row 17: each way to write an IPv4 address inside an IPv6 one leads to the class of what it embeds.
    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "::ffff:169.254.169.254",
                "::169.254.169.254",
                "::ffff:0:169.254.169.254",
                "64:ff9b::169.254.169.254",
                "64:ff9b:1::169.254.169.254",
                "64:ff9b:1:a9fe:a9:fe00::",
                "64:ff9b:1:00a9:00fe:a9fe::",
                "2002:a9fe:a9fe::1",
                "2001:0:a9fe:a9fe::1",
                "2001:0:808:808:0:0:5601:5601",
                "2a01:db8::5efe:169.254.169.254",
                "2a01:db8::200:5efe:169.254.169.254"
            })
    @Tag("B017")
    void seesTheMetadataAddressThroughEveryEmbedding(String address) {
        assertThat(AddressClassifier.classify(IpLiteral.parse(address).orElseThrow())).isEqualTo(AddressClass.METADATA);
    }

    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource({
        "::ffff:10.0.0.1, PRIVATE",
        "64:ff9b::127.0.0.1, LOOPBACK",
        "64:ff9b::8.8.8.8, RESERVED",
        "2002:808:808::1, RESERVED",
        "2002:a00:1::1, PRIVATE"
    })
    @Tag("B017")
    void neverCallsAnEmbeddingPublicExceptTheMappedFormThatTheKernelDialsAsIpv4(String address, AddressClass expected) {
        assertThat(AddressClassifier.classify(IpLiteral.parse(address).orElseThrow())).isEqualTo(expected);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void agreesWithTheJdkThatNoPublicAddressIsLocalToASite(long seed) throws Exception {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[random.nextBoolean() ? 4 : 16];
            random.nextBytes(bytes);
            InetAddress address = InetAddress.getByAddress(bytes);
            if (AddressClassifier.classify(address) == AddressClass.PUBLIC) {
                assertThat(address.isLoopbackAddress()
                                || address.isLinkLocalAddress()
                                || address.isSiteLocalAddress()
                                || address.isMulticastAddress()
                                || address.isAnyLocalAddress())
                        .as(address.getHostAddress())
                        .isFalse();
            }
        }
    }
}
