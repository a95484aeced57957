package dev.declaw.runtime.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TemplateDefinitionTest {
    private static final String GOOD = "{'name':'base','vcpus':1,'memory_mib':512,'disk_mib':8192,"
            + "'user':{'name':'user','uid':1000},'directories':['/workspace'],'packages':['bash','g++']}";

    private static TemplateDefinition parse(String json) throws IOException {
        return TemplateDefinition.parse(new ObjectMapper().readTree(json.replace('\'', '"')));
    }

    @Test
    void theBuiltInBaseIsWhole() {
        TemplateDefinition base = TemplateDefinition.builtIn("base");
        assertThat(base.packages()).contains("bash", "curl", "ca-certificates", "git", "jq", "python3");
        assertThat(base.userName()).isEqualTo("user");
        assertThatThrownBy(() -> TemplateDefinition.builtIn("other")).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest(name = "{0} instead of {1}")
    @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
        "'vcpus':1     | 'vcpus':0",
        "'vcpus':1     | 'vcpus':9",
        "'vcpus':1     | 'cpus':1",
        "512           | 64",
        "512           | 9000",
        "8192          | 100",
        "1000          | 0",
        "'base'        | '../base'",
        "'name':'user' | 'name':'root user'",
        "'/workspace'  | '/a; rm -rf x'",
        "'/workspace'  | '/../etc'",
        "'g++'         | '--root=/'",
        "'g++'         | 'a,b'",
        "'g++'         | 'A b'",
    })
    void aDefinitionThatIsNotInOrderIsRefused(String part, String replacement) throws IOException {
        assertThat(parse(GOOD).packages()).containsExactly("bash", "g++");
        assertThat(GOOD).contains(part);
        assertThatThrownBy(() -> parse(GOOD.replace(part, replacement))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theArchiveIsReadByCpioAndIsTheSameEachTime(@TempDir Path directory) throws IOException {
        Path first = directory.resolve("first.cpio");
        Path second = directory.resolve("second.cpio");
        for (Path path : new Path[] {first, second}) {
            try (CpioArchive archive = new CpioArchive(Files.newOutputStream(path))) {
                archive.directory("modules", 0755);
                archive.file("init", 0755, "12345".getBytes());
                archive.file("modules/order", 0644, new byte[0]);
            }
        }
        assertThat(first).hasSameBinaryContentAs(second);
        String listing = Exec.run(Command.of("cpio", "-itv", "--quiet", "-F", first.toString())).text();
        assertThat(listing.lines().map(line -> line.replaceAll(" +", " ").replaceAll(" root root (\\d+) .* ", " $1 ")))
                .containsExactly("drwxr-xr-x 1 0 modules", "-rwxr-xr-x 1 5 init", "-rw-r--r-- 1 0 modules/order");
    }
}
