package dev.declaw.runtime.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelImageTest {
    private static final byte[] ELF = "\u007fELF and the rest of it".getBytes(StandardCharsets.ISO_8859_1);

    private static byte[] image(byte[] payload) {
        ByteBuffer image = ByteBuffer.allocate(1024 + 16 + payload.length + 8).order(ByteOrder.LITTLE_ENDIAN);
        image.put(0x1f1, (byte) 1);
        image.putInt(0x202, 0x53726448);
        image.putInt(0x248, 16);
        image.putInt(0x24c, payload.length);
        image.put(1024 + 16, payload);
        return image.array();
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    @Test
    void theKernelComesOutOfItsImage(@TempDir Path directory) throws IOException {
        for (byte[] payload : List.of(ELF, gzip(ELF))) {
            Path image = Files.write(directory.resolve("vmlinuz"), image(payload));
            Path kernel = directory.resolve("vmlinux");
            Files.deleteIfExists(kernel);
            KernelImage.extract(image, kernel);
            assertThat(kernel).hasBinaryContent(ELF);
        }
    }

    @Test
    void anImageCutAtAnyByteIsRefused() {
        byte[] image = image(ELF);
        int payloadEnd = image.length - 8;
        for (int length = 0; length < payloadEnd; length++) {
            byte[] cut = Arrays.copyOf(image, length);
            assertThatThrownBy(() -> KernelImage.payload(cut)).as("cut at %d", length).isInstanceOf(IOException.class);
        }
    }

    @Test
    void whatIsNoKernelIsRefused(@TempDir Path directory) throws IOException {
        for (byte[] payload : List.of("something else".getBytes(), gzip("no ELF".getBytes()))) {
            Path image = Files.write(directory.resolve("vmlinuz"), image(payload));
            Path kernel = directory.resolve("vmlinux");
            Files.deleteIfExists(kernel);
            assertThatThrownBy(() -> KernelImage.extract(image, kernel)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void dependenciesAreReadFromAModule() {
        assertThat(KernelModules.depends("x\0license=GPL\0depends=a,b-c\0name=d\0".getBytes()))
                .containsExactly("a", "b-c");
        assertThat(KernelModules.depends("x\0depends=\0".getBytes())).isEmpty();
        assertThat(KernelModules.depends("no such entry".getBytes())).isEmpty();
    }

    @Test
    void modulesComeAfterWhatTheyDependOn(@TempDir Path tree) throws IOException {
        Files.write(tree.resolve("virtio_net.ko"), "\0depends=net_failover\0".getBytes());
        Files.write(tree.resolve("net_failover.ko"), "\0depends=failover\0".getBytes());
        Files.write(tree.resolve("failover.ko"), "\0depends=\0".getBytes());
        Files.write(tree.resolve("unrelated.ko"), "\0depends=\0".getBytes());
        assertThat(KernelModules.collect(tree).keySet()).containsExactly("failover", "net_failover", "virtio_net");
        Files.delete(tree.resolve("failover.ko"));
        assertThatThrownBy(() -> KernelModules.collect(tree)).isInstanceOf(IOException.class).hasMessageContaining("failover");
    }
}
