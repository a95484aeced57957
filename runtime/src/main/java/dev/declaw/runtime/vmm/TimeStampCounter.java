package dev.declaw.runtime.vmm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The frequency of this machine's time stamp counter. The kernel derives "bogomips" from it (two per MHz) whatever the cores'
/// present speed is, while "cpu MHz" follows the speed.
public final class TimeStampCounter {
    private static final int KHZ_PER_BOGOMIPS = 500;

    private TimeStampCounter() {}

    /// @throws IOException when proc_cpuinfo(5) cannot be read or says nothing of it
    public static long frequencyKhz() throws IOException {
        return parse(Files.readAllLines(Path.of("/proc/cpuinfo")));
    }

    static long parse(List<String> lines) throws IOException {
        for (String line : lines) {
            String[] parts = line.split(":", 2);
            if (parts.length == 2 && parts[0].strip().equals("bogomips")) {
                return Math.round(Double.parseDouble(parts[1].strip()) * KHZ_PER_BOGOMIPS);
            }
        }
        throw new IOException("/proc/cpuinfo has no bogomips line: guests need an x86-64 machine");
    }
}
