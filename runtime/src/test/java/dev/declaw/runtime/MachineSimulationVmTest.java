package dev.declaw.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.linux.HostProcess;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxId;
import dev.declaw.runtime.network.Slot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A random life of a host with real machines: boots, snapshots, pauses, resumes, forks, kills, VMMs that die, a store that
/// fails, a server that starts again. After each step processes, namespaces, files and snapshots are those that must be, and
/// each machine holds what was written to it. Some steps as a rule; `./declaw test --simulation` takes hundreds.
@Tag("vm")
class MachineSimulationVmTest {
    private static final int STEPS = Integer.getInteger("declaw.simulation.machine.steps", 12);
    private static final long SEED = Long.getLong("declaw.simulation.seed", 1);
    private static final int MACHINES_MAX = 4;
    private static final int SNAPSHOTS_MAX = 6;
    private static final Duration KILL = Duration.ofSeconds(10);

    private final Random random = new Random(SEED);
    private final TreeMap<String, Machine> machines = new TreeMap<>();

    /// What each snapshot holds.
    private final TreeMap<String, Integer> snapshots = new TreeMap<>();

    private final Set<SandboxId> everUsed = new HashSet<>();
    private VmFixture fixture;
    private int written;
    private int named;

    /// @param number that was written to it last
    private record Machine(LocalMicroVm vm, int number) {}

    @BeforeEach
    void open() throws IOException {
        fixture = new VmFixture();
    }

    @AfterEach
    void close() throws IOException {
        for (MicroVm left : fixture.restart().adopt()) left.kill();
        fixture.close();
    }

    @Test
    void everythingIsAccountedForAfterEachStep() throws Exception {
        for (int step = 0; step < STEPS; step++) {
            String what = step();
            try {
                check();
            } catch (AssertionError | RuntimeException wrong) {
                throw new AssertionError("seed " + SEED + ", step " + step + ": after " + what, wrong);
            }
        }
        for (Machine machine : List.copyOf(machines.values())) kill(machine);
        for (String snapshot : List.copyOf(snapshots.keySet())) delete(snapshot);
        check();
        for (String left : List.of("layers", "snapshots", "store/entries", "tables", "disks", "sandboxes")) {
            assertThat(files(fixture.state().resolve(left))).as(left).isEmpty();
        }
        try (Stream<Path> packs = Files.walk(fixture.state().resolve("store"))) {
            assertThat(packs.filter(Files::isRegularFile)).as("packs").isEmpty();
        }
    }

    private String step() throws Exception {
        int action = random.nextInt(16);
        if (machines.isEmpty() && snapshots.isEmpty() || action < 2 && machines.size() < MACHINES_MAX) {
            use((LocalMicroVm) fixture.host().boot(VmFixture.newId(), fixture.host().template("base").orElseThrow()), 0);
            return "boot";
        }
        if (machines.isEmpty() || action < 6 && machines.size() < MACHINES_MAX && !snapshots.isEmpty()) return fork();
        Machine one = pick();
        return switch (action) {
            case 2, 3, 4, 5, 6 -> snapshot(one);
            case 7, 8 -> pauseAndResume(one);
            case 9 -> {
                kill(one);
                yield "kill";
            }
            case 10 -> {
                if (snapshots.isEmpty()) yield "nothing";
                delete(List.copyOf(snapshots.keySet()).get(random.nextInt(snapshots.size())));
                yield "delete of a snapshot";
            }
            case 11 -> {
                one.vm().process().kill(KILL);
                one.vm().exited().toCompletableFuture().join();
                kill(one);
                yield "death of a VMM";
            }
            case 12 -> failingStore(one);
            case 13 -> dyingDuringASave(one);
            default -> restart();
        };
    }

    private Machine pick() {
        return List.copyOf(machines.values()).get(random.nextInt(machines.size()));
    }

    private void use(LocalMicroVm vm, int number) {
        VmFixture.identify(vm);
        if (number != 0) assertThat(read(vm)).isEqualTo(number);
        int next = ++written;
        assertThat(VmFixture.run(vm, "user", "echo " + next + " > /home/user/number; echo " + next + " > /dev/shm/number").exitCode())
                .isZero();
        everUsed.add(vm.id());
        machines.put(vm.id().value(), new Machine(vm, next));
    }

    /// The number on the disk and in memory, which must be one.
    private static int read(MicroVm vm) {
        String[] both = VmFixture.run(vm, "user", "cat /home/user/number /dev/shm/number").stdout().strip().split("\n");
        assertThat(both).hasSize(2);
        assertThat(both[0]).as("disk and memory").isEqualTo(both[1]);
        return Integer.parseInt(both[0]);
    }

    private String newName() {
        return "snap-%08d".formatted(++named);
    }

    private String snapshot(Machine of) throws IOException {
        if (snapshots.size() >= SNAPSHOTS_MAX) {
            delete(snapshots.firstKey());
            return "delete of the oldest snapshot";
        }
        String name = newName();
        of.vm().snapshot(name, VmFixture.TENANT);
        snapshots.put(name, of.number());
        return "snapshot";
    }

    private String fork() {
        String name = List.copyOf(snapshots.keySet()).get(random.nextInt(snapshots.size()));
        LocalMicroVm vm = (LocalMicroVm) fixture.host().resume(VmFixture.newId(), name);
        use(vm, snapshots.get(name));
        return "fork";
    }

    private String pauseAndResume(Machine one) {
        String name = newName();
        one.vm().pause(name, VmFixture.TENANT);
        one.vm().kill();
        machines.remove(one.vm().id().value());
        LocalMicroVm vm = (LocalMicroVm) fixture.host().resume(one.vm().id(), name);
        use(vm, one.number());
        fixture.host().deleteSnapshot(name);
        return "pause and resume";
    }

    private void kill(Machine one) {
        one.vm().kill();
        machines.remove(one.vm().id().value());
    }

    private void delete(String snapshot) {
        fixture.host().deleteSnapshot(snapshot);
        snapshots.remove(snapshot);
    }

    private String failingStore(Machine one) throws IOException {
        Path store = fixture.state().resolve("store");
        Path away = fixture.state().resolve("store-away");
        if (Files.exists(store)) Files.move(store, away);
        Files.createFile(store);
        assertThatThrownBy(() -> one.vm().snapshot(newName(), VmFixture.TENANT)).isInstanceOf(PlatformFailure.class);
        Files.delete(store);
        if (Files.exists(away)) Files.move(away, store);
        assertThat(read(one.vm())).as("it goes on").isEqualTo(one.number());
        return "a store that fails";
    }

    private String dyingDuringASave(Machine one) throws Exception {
        String name = newName();
        int afterMillis = random.nextInt(400);
        Thread killer = Thread.startVirtualThread(() -> {
            try {
                Thread.sleep(afterMillis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            one.vm().process().kill(KILL);
        });
        try {
            one.vm().snapshot(name, VmFixture.TENANT);
            snapshots.put(name, one.number()); // it was quicker
        } catch (PlatformFailure lost) {
            // the machine died with its save
        }
        killer.join();
        kill(one);
        return "death of a VMM " + afterMillis + " ms into a save";
    }

    private String restart() throws IOException {
        List<MicroVm> adopted = fixture.restart().adopt();
        assertThat(adopted.stream().map(vm -> vm.id().value()).collect(Collectors.toSet())).isEqualTo(machines.keySet());
        for (MicroVm vm : adopted) {
            VmFixture.identify(vm);
            machines.computeIfPresent(vm.id().value(), (_, before) -> new Machine((LocalMicroVm) vm, before.number()));
        }
        return "restart";
    }

    private void check() throws IOException {
        assertThat(files(fixture.state().resolve("sandboxes"))).as("directories").isEqualTo(machines.keySet());
        assertThat(fixture.host().snapshots()).as("snapshots").isEqualTo(snapshots.keySet());
        Set<HostProcess> expected =
                machines.values().stream().map(machine -> machine.vm().process()).collect(Collectors.toSet());
        Set<HostProcess> found = HostProcess.withArgument(fixture.state() + "/sandboxes/").stream()
                .filter(HostProcess::alive)
                .collect(Collectors.toSet());
        assertThat(found).as("processes").isEqualTo(expected);
        for (SandboxId id : everUsed) {
            assertThat(Slot.of(id).exists()).as("namespace of %s", id).isEqualTo(machines.containsKey(id.value()));
        }
        assertThat(Files.readAllLines(Path.of("/proc/mounts")).stream().filter(line -> line.contains(fixture.state().toString())))
                .as("mounts")
                .isEmpty();
        for (Machine machine : new ArrayList<>(machines.values())) {
            assertThat(read(machine.vm())).as("what %s holds", machine.vm().id()).isEqualTo(machine.number());
        }
    }

    private static Set<String> files(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) return Set.of();
        try (Stream<Path> all = Files.list(directory)) {
            return all.map(path -> path.getFileName().toString()).collect(Collectors.toSet());
        }
    }
}
