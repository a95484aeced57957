package dev.declaw.server.lifecycle;

/// How long snapshots are kept, and how many; 0 stands for no limit.
///
/// @param lifeSecondsDefault of a snapshot that is taken without a time
/// @param lifeSecondsMax longest time that may be asked for
/// @param countMax snapshots of a tenant
public record Retention(long lifeSecondsDefault, long lifeSecondsMax, int countMax) {
    public static final Retention NONE = new Retention(0, 0, 0);
}
