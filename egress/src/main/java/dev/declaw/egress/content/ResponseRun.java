package dev.declaw.egress.content;

import java.util.List;

/// One response's body on its way to the guest: content codings off, injected credentials masked, inbound transformations,
/// tokens turned back. The same result whatever the segmentation. One thread at a time.
public final class ResponseRun {
    private final List<ResponseFilter> filters;

    private final boolean decodes;

    /// @param decodes whether the first of them takes content codings off
    ResponseRun(List<ResponseFilter> filters, boolean decodes) {
        this.filters = List.copyOf(filters);
        this.decodes = decodes;
    }

    /// Whether the body loses its content codings, so that the head must not name them.
    public boolean decodes() {
        return decodes;
    }

    /// Takes the next bytes and returns what may go to the guest now.
    ///
    /// @throws UnreadableResponseException when the response must be cut
    public byte[] feed(byte[] bytes, int offset, int length) {
        byte[] current = filters.getFirst().feed(bytes, offset, length);
        for (ResponseFilter filter : filters.subList(1, filters.size())) current = filter.feed(current, 0, current.length);
        return current;
    }

    /// Whether something waits for what may follow it, so that the caller should call [#release] after a while.
    public boolean holds() {
        return filters.getLast().holds();
    }

    /// What waited; tokens that are not whole stay as they are.
    public byte[] release() {
        return filters.getLast().release();
    }

    /// The rest, at the body's end.
    ///
    /// @throws UnreadableResponseException when the response must be cut
    public byte[] finish() {
        byte[] left = {};
        for (ResponseFilter filter : filters) left = concat(filter.feed(left, 0, left.length), filter.finish());
        return left;
    }

    static byte[] concat(byte[] first, byte[] second) {
        if (first.length == 0) return second;
        if (second.length == 0) return first;
        byte[] all = java.util.Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }
}
