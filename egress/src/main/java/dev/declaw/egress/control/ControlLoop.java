package dev.declaw.egress.control;

import dev.declaw.egress.control.EgressProxy.OpenedSlot;
import dev.declaw.linux.UnixChannel;
import dev.declaw.model.policy.PolicyException;
import java.io.EOFException;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The proxy's end of the control channel: one thread takes one call after the other and answers each.
final class ControlLoop {
    private static final Logger LOG = LoggerFactory.getLogger(ControlLoop.class);

    /// Fits into a frame however it is escaped.
    private static final int STATS_CHARS_MAX = 256 * 1024;

    private final UnixChannel channel;
    private final SlotService slots;

    ControlLoop(UnixChannel channel, SlotService slots) {
        this.channel = channel;
        this.slots = slots;
    }

    /// Says hello and serves calls until the server closes the channel.
    ///
    /// @throws IOException when the server sent something that is no call
    void run() throws IOException {
        channel.send(new ControlMessage.Hello(ControlMessage.PROTOCOL).encode());
        while (true) {
            try (UnixChannel.Received received = channel.receive()) {
                ControlMessage call = ControlMessage.decode(received.bytes());
                channel.send(answer(call, received).encode());
            } catch (EOFException serverHasGone) {
                return;
            }
        }
    }

    private ControlMessage answer(ControlMessage call, UnixChannel.Received received) throws IOException {
        int expected = call instanceof ControlMessage.Open ? 2 : 0;
        if (received.descriptors().size() != expected) {
            throw new IOException("a control message came with " + received.descriptors().size() + " descriptors");
        }
        return switch (call) {
            case ControlMessage.Open open -> open(open, received);
            case ControlMessage.Update(long id, EgressProxy.SlotRequest slot) -> answer(id, slot, () -> slots.update(slot));
            case ControlMessage.Close(long id, String sandboxId) -> {
                slots.close(sandboxId);
                yield new ControlMessage.Done(id, Optional.empty());
            }
            case ControlMessage.Ping(long id) -> new ControlMessage.Done(id, Optional.empty());
            case ControlMessage.Stats(long id) -> stats(id);
            case ControlMessage.Hello _, ControlMessage.Done _, ControlMessage.Counted _, ControlMessage.Failed _ ->
                throw new IOException("an answer where a call was expected");
        };
    }

    private ControlMessage stats(long id) {
        String text = slots.stats();
        return text.length() <= STATS_CHARS_MAX
                ? new ControlMessage.Counted(id, text)
                : new ControlMessage.Failed(id, Optional.empty(), "there is too much to tell");
    }

    private ControlMessage open(ControlMessage.Open open, UnixChannel.Received received) {
        return answer(open.id(), open.slot(), () ->
                slots.open(open.slot(), received.descriptors().get(0), received.descriptors().get(1)));
    }

    private static ControlMessage answer(long id, EgressProxy.SlotRequest slot, Supplier<OpenedSlot> work) {
        try {
            return new ControlMessage.Done(id, work.get().caPem());
        } catch (PolicyException e) {
            String message = e.getMessage().substring(e.field().length() + 2);
            return new ControlMessage.Failed(id, Optional.of(e.field()), message);
        } catch (RuntimeException e) {
            LOG.error("cannot serve the slot of {}", slot.sandboxId(), e);
            return new ControlMessage.Failed(id, Optional.empty(), "the proxy cannot serve the slot");
        }
    }
}
