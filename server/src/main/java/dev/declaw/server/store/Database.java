package dev.declaw.server.store;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/// The database file. One writer connection on one thread, which commits all writes that wait at that moment together
/// (group commit: an audit event per decision must not cost one commit each); a few reader connections beside it, which
/// see every write that has returned. Thread-safe.
///
/// A write that has returned survives the death of this process: in WAL mode with `synchronous=NORMAL` a commit is in the
/// kernel's hands. A power cut may take the last commits, but never the file's consistency.
public final class Database implements AutoCloseable {
    private static final int READERS = 4;
    private static final int BATCH_WRITES_MAX = 256;
    private static final int QUEUED_WRITES_MAX = 8192;
    private static final int WAIT_SECONDS_MAX = 10;
    private static final int BUSY_MILLIS_MAX = 5000;

    private final List<Handle> handles = new ArrayList<>();
    private final BlockingQueue<Handle> readers = new ArrayBlockingQueue<>(READERS);
    private final BlockingQueue<Write<?>> writes = new ArrayBlockingQueue<>(QUEUED_WRITES_MAX);
    private final Thread writer;
    private volatile boolean closing;

    /// Something done with a connection.
    public interface Work<T> {
        T run(Handle handle) throws SQLException;
    }

    private record Write<T>(Work<T> work, CompletableFuture<T> done) {
        /// Runs the work; the result is held back until the batch is committed.
        Runnable attempt(Handle handle) {
            handle.execute("SAVEPOINT one_write");
            try {
                T result = work.run(handle);
                handle.execute("RELEASE one_write");
                return () -> done.complete(result);
            } catch (SQLException | RuntimeException e) {
                handle.execute("ROLLBACK TO one_write");
                handle.execute("RELEASE one_write");
                return () -> done.completeExceptionally(e);
            }
        }
    }

    /// Opens the file, makes it when it is missing, and brings its tables up to date.
    ///
    /// @throws StoreException when the file cannot be opened or was written by a newer version
    public static Database open(Path file) {
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.NORMAL);
        config.setBusyTimeout(BUSY_MILLIS_MAX);
        config.enforceForeignKeys(true);
        SQLiteDataSource source = new SQLiteDataSource(config);
        source.setUrl("jdbc:sqlite:" + file);
        try {
            return new Database(Jdbi.create(source));
        } catch (StoreException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new StoreException("cannot open the database " + file, e);
        }
    }

    private Database(Jdbi jdbi) {
        try {
            Handle writing = open(jdbi);
            Migrations.apply(writing);
            for (int i = 0; i < READERS; i++) readers.add(open(jdbi));
            writer = Thread.ofPlatform().name("store-writer").daemon().start(() -> writeLoop(writing));
        } catch (RuntimeException e) {
            handles.forEach(Handle::close);
            throw e;
        }
    }

    private Handle open(Jdbi jdbi) {
        Handle handle = jdbi.open();
        handles.add(handle);
        return handle;
    }

    /// Runs the work in a transaction of the writer and returns when it is committed. A failure undoes this work alone.
    ///
    /// @throws StoreException when it could not be done in time, or the database refuses it
    public <T> T write(Work<T> work) {
        Write<T> write = new Write<>(work, new CompletableFuture<>());
        try {
            if (closing || !writes.offer(write, WAIT_SECONDS_MAX, TimeUnit.SECONDS)) {
                throw new StoreException("the database takes no more writes", null);
            }
            return write.done().get(WAIT_SECONDS_MAX * 2L, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException("interrupted while writing", e);
        } catch (ExecutionException e) {
            throw new StoreException("the database refused a write", e.getCause());
        } catch (java.util.concurrent.TimeoutException e) {
            throw new StoreException("the database did not answer in time", e);
        }
    }

    /// Runs the work on a reader connection.
    public <T> T read(Work<T> work) {
        Handle handle = null;
        try {
            handle = readers.poll(WAIT_SECONDS_MAX, TimeUnit.SECONDS);
            if (handle == null || closing) throw new StoreException("no database connection became free", null);
            return work.run(handle);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException("interrupted while reading", e);
        } catch (SQLException e) {
            throw new StoreException("the database refused a question", e);
        } finally {
            if (handle != null) readers.add(handle);
        }
    }

    private void writeLoop(Handle handle) {
        List<Write<?>> batch = new ArrayList<>();
        while (!closing || !writes.isEmpty()) {
            batch.clear();
            try {
                Write<?> first = writes.poll(1, TimeUnit.SECONDS);
                if (first == null) continue;
                batch.add(first);
                writes.drainTo(batch, BATCH_WRITES_MAX - 1);
                commit(handle, batch);
            } catch (InterruptedException e) {
                return; // close() has ended the process's use of the store
            } catch (RuntimeException e) {
                batch.forEach(write -> write.done().completeExceptionally(e));
            }
        }
    }

    private static void commit(Handle handle, List<Write<?>> batch) {
        List<Runnable> answers = new ArrayList<>(batch.size());
        handle.begin();
        try {
            for (Write<?> write : batch) answers.add(write.attempt(handle));
            handle.commit();
        } catch (RuntimeException e) {
            handle.rollback();
            throw e;
        }
        answers.forEach(Runnable::run);
    }

    /// Waits for the writes that are under way and closes the file.
    @Override
    public void close() {
        closing = true;
        writes.offer(new Write<>(_ -> null, new CompletableFuture<>())); // wakes the writer; a full queue does so itself
        try {
            writer.join(java.time.Duration.ofSeconds(WAIT_SECONDS_MAX));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        handles.forEach(Handle::close);
    }
}
