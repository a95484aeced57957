package dev.declaw.runtime.storage;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/// Makes empty disk layers (QEMU's docs/interop/qcow2, version 3): header, reference counts and first-level table, a cluster
/// each. It takes a fraction of a millisecond where qemu-img takes twenty.
public final class QcowLayer {
    private static final int MAGIC = 0x514649fb;
    private static final int VERSION = 3;
    private static final int CLUSTER_BITS = 16;
    private static final int CLUSTER_BYTES = 1 << CLUSTER_BITS;
    private static final int CLUSTERS = 4;
    private static final int HEADER_BYTES = 104;
    private static final int REFCOUNT_ORDER = 4;
    private static final int BACKING_FORMAT = 0xe2792aca;
    private static final int FEATURE_NAMES = 0x6803f857; // qemu-img adds it: texts for people
    private static final int ENCRYPTION_AT = 32;
    private static final int INTERNAL_SNAPSHOTS_AT = 60;
    private static final int INCOMPATIBLE_AT = 72;
    private static final int HEADER_LENGTH_AT = 100;
    private static final long BYTES_PER_L1_ENTRY = (long) CLUSTER_BYTES / 8 * CLUSTER_BYTES;
    private static final int BACKING_PATH_BYTES_MAX = 1023;
    private static final long CAPACITY_BYTES_MAX = 1L << 42; // its first-level table fits into one cluster

    private QcowLayer() {}

    /// @param capacityBytes size of the disk as the guest sees it
    /// @param backing absolute path of what it lies on
    /// @param format of that: `qcow2` or `raw`
    /// @throws java.nio.file.FileAlreadyExistsException when there is a file
    public static void create(Path layer, long capacityBytes, Path backing, String format) throws IOException {
        byte[] path = backing.toString().getBytes(StandardCharsets.UTF_8);
        if (!backing.isAbsolute() || path.length > BACKING_PATH_BYTES_MAX) {
            throw new IllegalArgumentException("a layer names what it lies on by an absolute path of at most "
                    + BACKING_PATH_BYTES_MAX + " bytes");
        }
        if (capacityBytes <= 0 || capacityBytes > CAPACITY_BYTES_MAX) {
            throw new IllegalArgumentException("a disk has 1 to " + CAPACITY_BYTES_MAX + " bytes");
        }
        byte[] kind = format.getBytes(StandardCharsets.US_ASCII);
        int pathAt = HEADER_BYTES + 8 + (kind.length + 7) / 8 * 8 + 8;
        ByteBuffer file = ByteBuffer.allocate(CLUSTERS * CLUSTER_BYTES);
        file.putInt(MAGIC).putInt(VERSION).putLong(pathAt).putInt(path.length);
        file.putInt(CLUSTER_BITS).putLong(capacityBytes).putInt(0);
        file.putInt((int) Math.ceilDiv(capacityBytes, BYTES_PER_L1_ENTRY)).putLong(3L * CLUSTER_BYTES);
        file.putLong(CLUSTER_BYTES).putInt(1); // reference count table
        file.putInt(0).putLong(0); // internal snapshots
        file.putLong(0).putLong(0).putLong(0); // features
        file.putInt(REFCOUNT_ORDER).putInt(HEADER_BYTES);
        file.putInt(BACKING_FORMAT).putInt(kind.length).put(kind);
        file.put(pathAt, path); // behind the end mark, eight zero bytes
        file.putLong(CLUSTER_BYTES, 2L * CLUSTER_BYTES);
        for (int cluster = 0; cluster < CLUSTERS; cluster++) {
            file.putShort(2 * CLUSTER_BYTES + 2 * cluster, (short) 1);
        }
        try (FileChannel channel = FileChannel.open(
                layer,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            file.rewind();
            while (file.hasRemaining()) {
                channel.write(file);
            }
        }
    }

    /// Refuses a layer whose header leads to another file than the one that it was made on. The VMM that wrote it may have been
    /// under its guest's control, and who opens the layer next opens as root whatever the header names: what it lies on, or
    /// a file for its data.
    ///
    /// @throws IOException when the header is not one that [#create], or qemu-img for this backing file, writes
    public static void requireOwn(Path layer, Path backing, String format) throws IOException {
        ByteBuffer head = head(layer);
        try {
            requireOwn(head, backing.toString(), format);
        } catch (BufferUnderflowException | IndexOutOfBoundsException broken) {
            throw new IOException("the header of a disk layer is broken", broken);
        }
    }

    private static ByteBuffer head(Path layer) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(CLUSTER_BYTES);
        try (FileChannel file = FileChannel.open(layer, StandardOpenOption.READ)) {
            while (head.hasRemaining() && file.read(head) >= 0) {
                // until there is no more
            }
        }
        return head.flip();
    }

    /// What a layer lies on, as its header says; not checked.
    ///
    /// @throws IOException when it is no layer, or lies on nothing
    public static Path backing(Path layer) throws IOException {
        ByteBuffer head = head(layer);
        try {
            if (head.getInt(0) == MAGIC && head.getInt(16) > 0) {
                return Path.of(text(head, Math.toIntExact(head.getLong(8)), head.getInt(16)));
            }
        } catch (BufferUnderflowException | IndexOutOfBoundsException | ArithmeticException broken) {
            throw new IOException("the header of a disk layer is broken", broken);
        }
        throw new IOException(layer.getFileName() + " is no disk layer that lies on another file");
    }

    private static void requireOwn(ByteBuffer head, String backing, String format) throws IOException {
        boolean plain = head.getInt(0) == MAGIC
                && head.getInt(4) == VERSION
                && head.getInt(ENCRYPTION_AT) == 0
                && head.getInt(INTERNAL_SNAPSHOTS_AT) == 0
                && head.getLong(INCOMPATIBLE_AT) == 0;
        long pathAt = head.getLong(8);
        int pathBytes = head.getInt(16);
        int extensionsAt = head.getInt(HEADER_LENGTH_AT);
        if (!plain || pathAt < HEADER_BYTES || pathAt > CLUSTER_BYTES || pathBytes < 1 || pathBytes > BACKING_PATH_BYTES_MAX) {
            throw new IOException("the header of a disk layer is not one of ours");
        }
        if (!text(head, (int) pathAt, pathBytes).equals(backing)) {
            throw new IOException("a disk layer lies on another file than it was made on");
        }
        boolean named = false;
        head.position(extensionsAt);
        for (int type = head.getInt(); type != 0; type = head.getInt()) {
            int bytes = head.getInt();
            int at = head.position();
            named |= type == BACKING_FORMAT && text(head, at, bytes).equals(format);
            if (type != FEATURE_NAMES && !(type == BACKING_FORMAT && named) || bytes < 0) {
                throw new IOException("the header of a disk layer has an extension that is not one of ours");
            }
            head.position(at + (bytes + 7) / 8 * 8);
        }
        if (!named) {
            throw new IOException("a disk layer does not name the format of what it lies on");
        }
    }

    private static String text(ByteBuffer head, int at, int bytes) {
        byte[] text = new byte[Math.clamp(bytes, 0, BACKING_PATH_BYTES_MAX)];
        head.get(at, text);
        return new String(text, StandardCharsets.UTF_8);
    }
}
