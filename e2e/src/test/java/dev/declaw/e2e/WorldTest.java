package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.e2e.world.Origin;
import dev.declaw.e2e.world.Received;
import dev.declaw.e2e.world.World;
import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.Lookup;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

/// The rig itself: an origin that records nothing would make every other test pass.
class WorldTest {
    @Test
    void answersNamesAndRecordsWhatAClientSends(@TempDir Path folder) throws Exception {
        String before = namespaces();
        try (World world = new World()) {
            assertThat(namespaces()).isNotEqualTo(before);
            Origin origin = world.tlsOrigin("api.example.test", request -> Received.Answer.json(request.text()));
            world.authority().writePem(folder.resolve("ca.pem"));
            Lookup lookup = new Lookup("api.example.test", Type.A);
            lookup.setResolver(new SimpleResolver(world.resolver()));
            lookup.setCache(null);
            assertThat(lookup.run()).hasSize(1);
            String address = world.lastAddress().getHostAddress();
            String answer = Exec.run(Command.of(
                            "curl", "-sS", "--cacert", folder.resolve("ca.pem").toString(),
                            "--resolve", "api.example.test:443:" + address,
                            "-d", "{\"canary\":1}", "-H", "X-One: two", "https://api.example.test/path?q=1"))
                    .text();
            assertThat(answer).isEqualTo("{\"canary\":1}");
            Received received = origin.received().getFirst();
            assertThat(received.requestLine()).isEqualTo("POST /path?q=1 HTTP/1.1");
            assertThat(received.header("x-one")).contains("two");
            assertThat(received.text()).isEqualTo("{\"canary\":1}");
            assertThat(origin.everSaw("canary")).isTrue();
            assertThat(origin.everSaw("canary-never-sent")).isFalse();
            assertThat(world.names().questions()).containsExactly("api.example.test");
        }
        assertThat(namespaces()).isEqualTo(before);
    }

    /// Names of all network namespaces, without the numbers that the kernel gives them.
    private static String namespaces() {
        return Exec.run(Command.of("ip", "netns", "list")).text().replaceAll(" \\(id: [0-9]+\\)", "");
    }
}
