package dev.declaw.server.store;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jdbi.v3.core.Handle;

/// What owners used, by day (UTC). Ended sandboxes are added once, with their end; living ones are added when somebody asks.
public final class UsageTable {
    private static final long DAY_MICROS = 24L * 3600 * 1_000_000;

    private final Database database;

    public UsageTable(Database database) {
        this.database = database;
    }

    /// @param day days since 1970-01-01
    /// @param sandboxes that were started on this day
    /// @param runMicros time that sandboxes ran on this day, all together
    /// @param memoryMibMicros the same, times the memory of each in MiB
    public record Day(long day, long sandboxes, long runMicros, long memoryMibMicros) {
        Day plus(Day other) {
            return new Day(
                    day,
                    sandboxes + other.sandboxes,
                    runMicros + other.runMicros,
                    memoryMibMicros + other.memoryMibMicros);
        }
    }

    /// Adds the run of a sandbox that has just become KILLED. Part of that transaction.
    static void count(Handle handle, String sandboxId) {
        List<Run> runs = handle.createQuery(
                        """
                        SELECT owner, started_micros, ended_micros, memory_mib FROM sandboxes
                        WHERE id = :id AND started_micros IS NOT NULL
                        """)
                .bind("id", sandboxId)
                .map((results, _) -> new Run(results.getString(1), results.getLong(2), results.getLong(3), results.getLong(4)))
                .list();
        for (Run run : runs) {
            for (Day day : run.days()) {
                handle.createUpdate(
                                """
                                INSERT INTO usage_days (owner, day, sandboxes, run_micros, memory_mib_micros)
                                VALUES (:owner, :day, :sandboxes, :run, :memory)
                                ON CONFLICT (owner, day) DO UPDATE SET sandboxes = usage_days.sandboxes + :sandboxes,
                                  run_micros = usage_days.run_micros + :run,
                                  memory_mib_micros = usage_days.memory_mib_micros + :memory
                                """)
                        .bind("owner", run.owner())
                        .bind("day", day.day())
                        .bind("sandboxes", day.sandboxes())
                        .bind("run", day.runMicros())
                        .bind("memory", day.memoryMibMicros())
                        .execute();
            }
        }
    }

    /// Days of an owner from `first` to `last`, both inclusive, as days since 1970; days without use are left out.
    public List<Day> days(String owner, long first, long last, Instant now) {
        long nowMicros = Micros.of(now);
        return database.read(handle -> {
            Map<Long, Day> days = new TreeMap<>();
            handle.createQuery("SELECT * FROM usage_days WHERE owner = :owner AND day BETWEEN :first AND :last")
                    .bind("owner", owner)
                    .bind("first", first)
                    .bind("last", last)
                    .map((results, _) -> new Day(
                            results.getLong("day"),
                            results.getLong("sandboxes"),
                            results.getLong("run_micros"),
                            results.getLong("memory_mib_micros")))
                    .forEach(day -> days.merge(day.day(), day, Day::plus));
            handle.createQuery(
                            """
                            SELECT owner, started_micros, memory_mib FROM sandboxes
                            WHERE owner = :owner AND state <> 'KILLED' AND started_micros IS NOT NULL
                            """)
                    .bind("owner", owner)
                    .map((results, _) -> new Run(results.getString(1), results.getLong(2), nowMicros, results.getLong(3)))
                    .forEach(run -> run.days().forEach(day -> {
                        if (day.day() >= first && day.day() <= last) days.merge(day.day(), day, Day::plus);
                    }));
            return List.copyOf(days.values());
        });
    }

    private record Run(String owner, long startMicros, long endMicros, long memoryMib) {
        /// The run, cut at midnight UTC.
        List<Day> days() {
            List<Day> days = new ArrayList<>();
            long from = startMicros;
            long end = Math.max(startMicros, endMicros); // a clock may have been set back
            do {
                long day = Math.floorDiv(from, DAY_MICROS);
                long until = Math.min(end, (day + 1) * DAY_MICROS);
                days.add(new Day(day, from == startMicros ? 1 : 0, until - from, (until - from) * memoryMib));
                from = until;
            } while (from < end);
            return days;
        }
    }
}
