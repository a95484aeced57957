package dev.declaw.cli;

import java.util.function.Supplier;

/// Says on a terminal that long work goes on, and for how long. Elsewhere it is silent.
final class Progress {
    private static final long FIRST_MILLIS = 400;
    private static final long NEXT_MILLIS = 200;
    private static final String[] SIGNS = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};

    private Progress() {}

    static void during(Ask ask, String what, Runnable work) {
        during(ask, what, () -> {
            work.run();
            return null;
        });
    }

    static <T> T during(Ask ask, String what, Supplier<T> work) {
        if (ask.json() || !LocalTerminal.shows()) return work.get();
        Thread thread = new Thread(() -> turn(what), "progress");
        thread.setDaemon(true);
        thread.start();
        try {
            return work.get();
        } finally {
            thread.interrupt();
            end(thread);
        }
    }

    private static void turn(String what) {
        long started = System.nanoTime();
        try {
            Thread.sleep(FIRST_MILLIS);
            for (int i = 0; ; i++) {
                long seconds = (System.nanoTime() - started) / 1_000_000_000;
                System.err.print("\r" + SIGNS[i % SIGNS.length] + " " + what + " " + seconds + " s ");
                Thread.sleep(NEXT_MILLIS);
            }
        } catch (InterruptedException e) {
            System.err.print("\r\u001b[K"); // the line was for the time of waiting
        }
    }

    private static void end(Thread thread) {
        try {
            thread.join(1000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
