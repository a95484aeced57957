package dev.declaw.runtime.guest;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/// Bytes to and from a port inside the guest. One thread may read while another writes; [#close] may come from any and wakes
/// both. What comes out is as hostile as the guest.
public interface GuestTunnel extends AutoCloseable {
    InputStream in();

    /// Writes all of it; fails when the port takes nothing for half a minute.
    void write(byte[] bytes, int length) throws IOException;

    /// How long a read may wait for the next byte; zero for as long as it takes.
    void readDeadline(Duration deadline) throws IOException;

    @Override
    void close();
}
