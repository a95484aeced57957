package dev.declaw.server.store;

import dev.declaw.model.sandbox.SandboxState;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.Map;
import java.util.Locale;
import org.jdbi.v3.core.statement.Query;

/// The sandboxes. States change only by compare-and-set on state and execution id (L1).
public final class SandboxTable {
    private final Database database;

    public SandboxTable(Database database) {
        this.database = database;
    }

    /// Where a page of a list starts: behind this sandbox, newest first.
    public record Cursor(long createdMicros, String id) {}

    /// @param rows newest first
    /// @param total matches before the page was cut
    public record Page(List<SandboxRow> rows, int total) {}

    public void insert(SandboxRow row) {
        database.write(handle -> handle.createUpdate(
                        """
                        INSERT INTO sandboxes (id, owner, template, state, execution_id, timeout_seconds, created_micros,
                          started_micros, deadline_micros, ended_micros, end_reason, guest_token, access_token, vcpus,
                          memory_mib, policy_version, metadata, envs, sensitive_envs, network, security, lifecycle)
                        VALUES (:id, :owner, :template, :state, :execution, :timeout, :created, :started, :deadline, :ended,
                          :reason, :guestToken, :accessToken, :vcpus, :memory, :version, :metadata, :envs, :sensitive, :network,
                          :security, :lifecycle)
                        """)
                .bind("id", row.id())
                .bind("owner", row.owner())
                .bind("template", row.template())
                .bind("state", row.state().name())
                .bind("execution", row.executionId())
                .bind("timeout", row.timeoutSeconds())
                .bind("created", Micros.of(row.created()))
                .bind("started", micros(row.started()))
                .bind("deadline", micros(row.deadline()))
                .bind("ended", micros(row.ended()))
                .bind("reason", row.endReason().orElse(null))
                .bind("guestToken", row.guestToken())
                .bind("accessToken", row.accessToken())
                .bind("vcpus", row.vcpus())
                .bind("memory", row.memoryMib())
                .bind("version", row.policyVersion())
                .bind("metadata", row.metadata())
                .bind("envs", row.envs())
                .bind("sensitive", row.sensitiveEnvs())
                .bind("network", row.network().orElse(null))
                .bind("security", row.security().orElse(null))
                .bind("lifecycle", row.lifecycle().orElse(null))
                .execute());
    }

    public Optional<SandboxRow> find(String id) {
        return database.read(handle -> handle.createQuery("SELECT * FROM sandboxes WHERE id = :id")
                .bind("id", id)
                .map((results, _) -> row(results))
                .findOne());
    }

    /// How many there are of all owners, by the state's wire name; those that are killed are left out.
    public Map<String, Integer> countsByState() {
        Map<String, Integer> counts = new TreeMap<>();
        for (SandboxState state : SandboxState.values()) {
            if (state != SandboxState.KILLED) counts.put(state.name().toLowerCase(Locale.ROOT), 0);
        }
        database.read(handle -> handle.createQuery(
                        "SELECT state, COUNT(*) AS sandboxes FROM sandboxes WHERE state <> 'KILLED' GROUP BY state")
                .map((results, _) -> counts.put(results.getString("state").toLowerCase(Locale.ROOT), results.getInt("sandboxes")))
                .list());
        return counts;
    }

    /// All sandboxes in one of the states, of all owners.
    public List<SandboxRow> inStates(Collection<SandboxState> states) {
        return database.read(handle -> handle.createQuery("SELECT * FROM sandboxes WHERE state IN (<states>)")
                .bindList("states", names(states))
                .map((results, _) -> row(results))
                .list());
    }

    /// One page of an owner's sandboxes, newest first.
    public Page page(String owner, Collection<SandboxState> states, Optional<Cursor> after, int offset, int limit) {
        return database.read(handle -> {
            int total = handle.createQuery(
                            "SELECT COUNT(*) FROM sandboxes WHERE owner = :owner AND state IN (<states>)")
                    .bind("owner", owner)
                    .bindList("states", names(states))
                    .mapTo(Integer.class)
                    .one();
            Query query = handle.createQuery(
                            """
                            SELECT * FROM sandboxes WHERE owner = :owner AND state IN (<states>)
                              AND (created_micros < :micros OR (created_micros = :micros AND id < :id))
                            ORDER BY created_micros DESC, id DESC LIMIT :limit OFFSET :offset
                            """)
                    .bind("owner", owner)
                    .bindList("states", names(states))
                    .bind("micros", after.map(Cursor::createdMicros).orElse(Long.MAX_VALUE))
                    .bind("id", after.map(Cursor::id).orElse(""))
                    .bind("limit", limit)
                    .bind("offset", offset);
            return new Page(query.map((results, _) -> row(results)).list(), total);
        });
    }

    /// CREATING to RUNNING.
    public boolean started(String id, String executionId, Instant started, Optional<Instant> deadline) {
        return changed(handle -> handle.createUpdate(
                        """
                        UPDATE sandboxes SET state = 'RUNNING', started_micros = :started, deadline_micros = :deadline
                        WHERE id = :id AND execution_id = :execution AND state = 'CREATING'
                        """)
                .bind("started", Micros.of(started))
                .bind("deadline", micros(deadline))
                .bind("id", id)
                .bind("execution", executionId)
                .execute());
    }

    /// Any living state to KILLING; true for the one caller that may then tear the sandbox down.
    public boolean killing(String id, String executionId, String reason) {
        return changed(handle -> handle.createUpdate(
                        """
                        UPDATE sandboxes SET state = 'KILLING', end_reason = :reason
                        WHERE id = :id AND execution_id = :execution AND state IN
                          ('CREATING', 'RUNNING', 'PAUSING', 'PAUSED', 'RESUMING', 'UNKNOWN')
                        """)
                .bind("reason", reason)
                .bind("id", id)
                .bind("execution", executionId)
                .execute());
    }

    /// RUNNING to KILLING because the deadline has passed; false when it was moved in the meantime.
    public boolean expiring(String id, String executionId, String reason, Instant now) {
        return changed(handle -> handle.createUpdate(
                        """
                        UPDATE sandboxes SET state = 'KILLING', end_reason = :reason
                        WHERE id = :id AND execution_id = :execution AND state = 'RUNNING' AND deadline_micros <= :now
                        """)
                .bind("reason", reason)
                .bind("now", Micros.of(now))
                .bind("id", id)
                .bind("execution", executionId)
                .execute());
    }

    /// KILLING to KILLED, when nothing of the sandbox is left. Its run is counted in the same transaction.
    public boolean killed(String id, String executionId, Instant ended) {
        return database.write(handle -> {
            int changed = handle.createUpdate(
                            """
                            UPDATE sandboxes SET state = 'KILLED', ended_micros = :ended
                            WHERE id = :id AND execution_id = :execution AND state = 'KILLING'
                            """)
                    .bind("ended", Micros.of(ended))
                    .bind("id", id)
                    .bind("execution", executionId)
                    .execute();
            if (changed == 1) UsageTable.count(handle, id);
            return changed == 1;
        });
    }

    /// Moves the deadline of a running sandbox.
    public boolean moveDeadline(String id, String executionId, long timeoutSeconds, Optional<Instant> deadline) {
        return changed(handle -> handle.createUpdate(
                        """
                        UPDATE sandboxes SET timeout_seconds = :timeout, deadline_micros = :deadline
                        WHERE id = :id AND execution_id = :execution AND state = 'RUNNING'
                        """)
                .bind("timeout", timeoutSeconds)
                .bind("deadline", micros(deadline))
                .bind("id", id)
                .bind("execution", executionId)
                .execute());
    }

    /// Replaces the policy of a running sandbox, if it is still the one of that version.
    public boolean replacePolicy(SandboxRow row, int fromVersion) {
        return changed(handle -> handle.createUpdate(
                        """
                        UPDATE sandboxes SET policy_version = :version, network = :network, security = :security
                        WHERE id = :id AND execution_id = :execution AND state = 'RUNNING' AND policy_version = :from
                        """)
                .bind("version", row.policyVersion())
                .bind("network", row.network().orElse(null))
                .bind("security", row.security().orElse(null))
                .bind("id", row.id())
                .bind("execution", row.executionId())
                .bind("from", fromVersion)
                .execute());
    }

    /// Forgets killed sandboxes that ended before this instant, but for those whose snapshots are kept: they can be restored,
    /// and their snapshots be reached and deleted, only through them.
    public int forgetKilledBefore(Instant instant) {
        return database.write(handle -> handle.createUpdate(
                        """
                        DELETE FROM sandboxes WHERE state = 'KILLED' AND ended_micros < :micros
                          AND NOT EXISTS (SELECT 1 FROM snapshots WHERE snapshots.sandbox_id = sandboxes.id)
                        """)
                .bind("micros", Micros.of(instant))
                .execute());
    }

    private boolean changed(Database.Work<Integer> update) {
        return database.write(update) == 1;
    }

    private static List<String> names(Collection<SandboxState> states) {
        return states.stream().map(SandboxState::name).toList();
    }

    private static Long micros(Optional<Instant> instant) {
        return instant.map(Micros::of).orElse(null);
    }

    private static Optional<Instant> instant(ResultSet results, String column) throws SQLException {
        long micros = results.getLong(column);
        return results.wasNull() ? Optional.empty() : Optional.of(Micros.instant(micros));
    }

    private static SandboxRow row(ResultSet results) throws SQLException {
        return new SandboxRow(
                results.getString("id"),
                results.getString("owner"),
                results.getString("template"),
                SandboxState.valueOf(results.getString("state")),
                results.getString("execution_id"),
                results.getLong("timeout_seconds"),
                Micros.instant(results.getLong("created_micros")),
                instant(results, "started_micros"),
                instant(results, "deadline_micros"),
                instant(results, "ended_micros"),
                Optional.ofNullable(results.getString("end_reason")),
                results.getString("guest_token"),
                results.getString("access_token"),
                results.getInt("vcpus"),
                results.getInt("memory_mib"),
                results.getInt("policy_version"),
                results.getString("metadata"),
                results.getString("envs"),
                results.getString("sensitive_envs"),
                Optional.ofNullable(results.getString("network")),
                Optional.ofNullable(results.getString("security")),
                Optional.ofNullable(results.getString("lifecycle")));
    }
}
