package dev.declaw.runtime;

import java.util.ArrayDeque;
import java.util.Deque;

/// What has to be undone, newest first. Each acquire registers its release here before the next acquire; a failed boot and a
/// kill then take the same way back. Thread-safe; everything is undone once.
final class Releases {
    private final Deque<Step> steps = new ArrayDeque<>();

    private record Step(String what, Runnable action) {}

    synchronized void add(String what, Runnable action) {
        steps.push(new Step(what, action));
    }

    /// Undoes everything, also when a step fails; a second call waits for the first and does nothing.
    ///
    /// @throws IllegalStateException naming the first step that failed, the others attached
    synchronized void run() {
        IllegalStateException failed = null;
        while (!steps.isEmpty()) {
            Step step = steps.pop();
            try {
                step.action().run();
            } catch (RuntimeException failure) {
                if (failed == null) {
                    failed = new IllegalStateException("could not release " + step.what(), failure);
                } else {
                    failed.addSuppressed(failure);
                }
            }
        }
        if (failed != null) {
            throw failed;
        }
    }
}
