package dev.declaw.runtime.guest;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/// The event stream of one process.
final class FollowedProcess implements GuestProcess {
    private final InputStream stream;
    private final FrameReader frames;
    private final int pid;
    private long position;
    private boolean exited;

    private FollowedProcess(InputStream stream, FrameReader frames, int pid) {
        this.stream = stream;
        this.frames = frames;
        this.pid = pid;
    }

    /// A process that was just started: its id is the first frame.
    static FollowedProcess started(InputStream stream) throws IOException {
        FrameReader frames = new FrameReader(stream);
        if (!(frames.next() instanceof FrameReader.Frame.Started started)) {
            throw new GuestProtocolException("an event stream that does not begin with the start");
        }
        return new FollowedProcess(stream, frames, started.pid());
    }

    static FollowedProcess of(int pid, InputStream stream) {
        return new FollowedProcess(stream, new FrameReader(stream), pid);
    }

    @Override
    public int pid() {
        return pid;
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public Event next() {
        if (exited) {
            throw new IllegalStateException("the process has exited");
        }
        try {
            FrameReader.Frame frame = frames.next();
            if (frame instanceof FrameReader.Frame.Offset(long bytes)) {
                if (bytes < position) {
                    throw new GuestProtocolException("output that goes back");
                }
                position = bytes;
                frame = frames.next();
            }
            return switch (frame) {
                case FrameReader.Frame.Stdout(byte[] bytes) -> new Event.Stdout(counted(bytes));
                case FrameReader.Frame.Stderr(byte[] bytes) -> new Event.Stderr(counted(bytes));
                case FrameReader.Frame.KeepAlive _ -> new Event.KeepAlive();
                case FrameReader.Frame.Started _, FrameReader.Frame.Offset _ ->
                    throw new GuestProtocolException("a process that starts twice");
                case FrameReader.Frame.Changed _, FrameReader.Frame.WatchEnd _ ->
                    throw new GuestProtocolException("a frame that belongs to no process");
                case FrameReader.Frame.Exit exit -> {
                    exited = true;
                    // Reads the end of the stream, so that its connection can be used again.
                    if (stream.read() >= 0) {
                        throw new GuestProtocolException("events after the exit");
                    }
                    yield new Event.Exited(exit.exitCode(), exit.timedOut(), exit.truncated());
                }
            };
        } catch (IOException failure) {
            close();
            throw Exchange.unreachable(failure);
        }
    }

    private byte[] counted(byte[] bytes) {
        position += bytes.length;
        return bytes;
    }

    @Override
    public void close() {
        try {
            stream.close();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
