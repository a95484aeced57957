package dev.declaw.server.store;

import dev.declaw.model.sandbox.SandboxState;
import java.time.Instant;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// The steps of a sandbox between running and paused: each a compare-and-set on state and execution id (L1), true for the
/// one caller that made it. A sandbox that is brought back is a new run: it gets a new execution id, so that nothing that was
/// meant for the run before can reach it.
public final class PauseTransitions {
    private final Database database;

    public PauseTransitions(Database database) {
        this.database = database;
    }

    /// RUNNING to PAUSING.
    public boolean pausing(String id, String executionId) {
        return step(id, executionId, SandboxState.RUNNING, "state = 'PAUSING'");
    }

    /// RUNNING to PAUSING because the deadline has passed; false when it was moved in the meantime.
    public boolean pausingExpired(String id, String executionId, Instant now) {
        return database.write(handle -> handle.createUpdate(
                                """
                                UPDATE sandboxes SET state = 'PAUSING'
                                WHERE id = :id AND execution_id = :execution AND state = 'RUNNING' AND deadline_micros <= :now
                                """)
                        .bind("id", id)
                        .bind("execution", executionId)
                        .bind("now", Micros.of(now))
                        .execute())
                == 1;
    }

    /// PAUSING back to RUNNING: the save failed.
    public boolean goesOn(String id, String executionId) {
        return step(id, executionId, SandboxState.PAUSING, "state = 'RUNNING'");
    }

    /// PAUSING to PAUSED, which ends this run; a paused sandbox has no deadline. The run is counted in the same transaction.
    public boolean paused(String id, String executionId, String newExecutionId, Instant now) {
        return database.write(handle -> {
            int changed = handle.createUpdate(
                            """
                            UPDATE sandboxes SET state = 'PAUSED', execution_id = :new, deadline_micros = NULL,
                              ended_micros = :now
                            WHERE id = :id AND execution_id = :execution AND state = 'PAUSING'
                            """)
                    .bind("new", newExecutionId)
                    .bind("now", Micros.of(now))
                    .bind("id", id)
                    .bind("execution", executionId)
                    .execute();
            if (changed == 1) countRun(handle, id);
            return changed == 1;
        });
    }

    /// The run that is in the row has ended and is counted; the next one has not begun.
    private static void countRun(Handle handle, String id) {
        UsageTable.count(handle, id);
        handle.createUpdate("UPDATE sandboxes SET started_micros = NULL, ended_micros = NULL WHERE id = :id")
                .bind("id", id)
                .execute();
    }

    /// RESUMING back to PAUSED.
    public boolean pausedAgain(String id, String executionId) {
        return step(id, executionId, SandboxState.RESUMING, "state = 'PAUSED', deadline_micros = NULL");
    }

    /// The state that the row has to RESUMING, as a new run.
    ///
    /// @param row a sandbox that is RUNNING, PAUSED or KILLED
    public boolean resuming(SandboxRow row, String newExecutionId, Instant now) {
        return database.write(handle -> {
            int changed = handle.createUpdate(
                            """
                            UPDATE sandboxes SET state = 'RESUMING', execution_id = :new, end_reason = NULL,
                              ended_micros = :now, deadline_micros = NULL
                            WHERE id = :id AND execution_id = :execution AND state = :state
                            """)
                    .bind("new", newExecutionId)
                    .bind("now", Micros.of(now))
                    .bind("id", row.id())
                    .bind("execution", row.executionId())
                    .bind("state", row.state().name())
                    .execute();
            if (changed == 0) return false;
            if (row.state() != SandboxState.RUNNING) { // its run was counted when it ended
                handle.createUpdate("UPDATE sandboxes SET started_micros = NULL WHERE id = :id")
                        .bind("id", row.id())
                        .execute();
            }
            countRun(handle, row.id());
            return true;
        });
    }

    /// RESUMING to RUNNING.
    public boolean resumed(String id, String executionId, Instant now, Optional<Instant> deadline) {
        return database.write(handle -> handle.createUpdate(
                                """
                                UPDATE sandboxes SET state = 'RUNNING', started_micros = :now, deadline_micros = :deadline
                                WHERE id = :id AND execution_id = :execution AND state = 'RESUMING'
                                """)
                        .bind("now", Micros.of(now))
                        .bind("deadline", deadline.map(Micros::of).orElse(null))
                        .bind("id", id)
                        .bind("execution", executionId)
                        .execute())
                == 1;
    }

    /// @param change a constant of this class
    private boolean step(String id, String executionId, SandboxState from, String change) {
        return database.write(handle -> handle.createUpdate("UPDATE sandboxes SET " + change
                                + " WHERE id = :id AND execution_id = :execution AND state = :from")
                        .bind("id", id)
                        .bind("execution", executionId)
                        .bind("from", from.name())
                        .execute())
                == 1;
    }
}
