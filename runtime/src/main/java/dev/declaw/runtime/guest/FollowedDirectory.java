package dev.declaw.runtime.guest;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Optional;

/// The event stream of one watch.
final class FollowedDirectory implements GuestWatch {
    private final InputStream stream;
    private final FrameReader frames;
    private boolean ended;

    FollowedDirectory(InputStream stream) {
        this.stream = stream;
        this.frames = new FrameReader(stream);
    }

    @Override
    public Optional<FileChange> next() {
        if (ended) {
            return Optional.empty();
        }
        try {
            return switch (frames.next()) {
                case FrameReader.Frame.Changed(FileChange change) -> Optional.of(change);
                case FrameReader.Frame.KeepAlive _ -> Optional.empty();
                case FrameReader.Frame.WatchEnd _ -> {
                    ended = true;
                    yield Optional.empty();
                }
                default -> throw new GuestProtocolException("a frame that belongs to no watch");
            };
        } catch (IOException failure) {
            close();
            throw Exchange.unreachable(failure);
        }
    }

    @Override
    public boolean ended() {
        return ended;
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
