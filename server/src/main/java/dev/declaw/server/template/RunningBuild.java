package dev.declaw.server.template;

import dev.declaw.server.store.BuildRow;
import dev.declaw.server.store.BuildTable;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/// A build that has not ended. Its own thread moves it on; everybody may look at it and cancel it. Thread-safe.
final class RunningBuild implements BuildRun.Progress {
    private final BuildTable table;
    private final BuildLog log;
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile BuildRow row;
    private volatile boolean canceled;

    RunningBuild(BuildTable table, BuildLog log, BuildRow row) {
        this.table = table;
        this.log = log;
        put(row);
    }

    private synchronized void put(BuildRow next) {
        table.put(next);
        row = next;
    }

    BuildRow row() {
        return row;
    }

    CountDownLatch done() {
        return done;
    }

    @Override
    public BuildLog log() {
        return log;
    }

    @Override
    public boolean canceled() {
        return canceled;
    }

    /// @return the machine that it works in now
    synchronized Optional<String> cancel() {
        canceled = true;
        return row.sandboxId();
    }

    void building() {
        put(with(BuildRow.BUILDING, Optional.empty(), row.step(), row.steps(), row.sandboxId(), Optional.empty(), Optional.empty()));
    }

    @Override
    public void step(int number, int of) {
        log.step(number);
        put(with(row.status(), Optional.empty(), number, of, row.sandboxId(), Optional.empty(), Optional.empty()));
    }

    @Override
    public void machine(Optional<String> sandboxId) {
        put(with(row.status(), Optional.empty(), row.step(), row.steps(), sandboxId, Optional.empty(), Optional.empty()));
    }

    void completed(String templateId, Instant now) {
        put(with(BuildRow.COMPLETED, Optional.of(templateId), row.steps(), row.steps(), Optional.empty(), Optional.empty(), Optional.of(now)));
    }

    void failed(String code, String message, int step, Instant now) {
        put(with(BuildRow.FAILED, Optional.empty(), row.step(), row.steps(), Optional.empty(),
                Optional.of(new BuildRow.Failure(code, message, step)), Optional.of(now)));
    }

    private BuildRow with(
            String status, Optional<String> template, int step, int steps, Optional<String> sandbox,
            Optional<BuildRow.Failure> error, Optional<Instant> finished) {
        return new BuildRow(row.id(), row.owner(), row.alias(), status, template, sandbox, step, steps, error, row.created(), finished);
    }
}
