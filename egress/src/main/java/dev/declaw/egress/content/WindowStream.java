package dev.declaw.egress.content;

import dev.declaw.model.policy.ContentAction;
import dev.declaw.model.policy.Reason;
import java.util.HashMap;
import java.util.Map;

/// A stage that looks at a streamed text window by window. One thread at a time.
abstract class WindowStream implements StreamStage {
    final Window window = new Window();
    final ContentAction action;
    /// What was found in the piece at hand, by type.
    final Map<String, Integer> counts = new HashMap<>();

    WindowStream(ContentAction action) {
        this.action = action;
    }

    /// Judges the stretch that the window shows, says up to where it has left, and adds what may leave to `out`.
    abstract void look(StringBuilder out);

    @Override
    public final Piece feed(String text, boolean last) {
        window.add(text);
        StringBuilder out = new StringBuilder();
        counts.clear();
        try {
            while (window.next(last)) look(out);
        } catch (TokenVault.VaultFullException e) {
            return Piece.refused(Reason.LIMIT_REACHED);
        } catch (Window.UnbrokenException e) {
            return Piece.refused(Reason.REQUEST_TOO_LARGE);
        } catch (RuntimeException e) {
            // Not judged, for whatever reason. The message may hold the text, so it goes nowhere.
            return Piece.refused(Reason.SCANNER_FAILED);
        }
        return Piece.of(out.toString(), counts, action == ContentAction.LOG_ONLY);
    }

    @Override
    public final int heldChars() {
        return window.size();
    }
}
