package dev.declaw.egress.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.model.policy.Reason;
import dev.declaw.model.policy.SecurityPolicy;
import dev.declaw.model.policy.VersionedPolicy;
import io.netty.channel.DefaultEventLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ScreeningPoolTest {
    private final DefaultEventLoop loop = new DefaultEventLoop(Thread.ofPlatform().daemon().factory());
    private final CountDownLatch go = new CountDownLatch(1);

    private static SandboxSlot slot(String id) {
        return new SandboxSlot(id, new VersionedPolicy(1, SecurityPolicy.DEFAULT), Optional.empty());
    }

    private Reason waits() {
        try {
            return go.await(60, TimeUnit.SECONDS) ? null : Reason.SCANNER_FAILED;
        } catch (InterruptedException e) {
            return Reason.SCANNER_FAILED;
        }
    }

    private ScreeningPool.Waiting run(ScreeningPool pool, SandboxSlot slot, AtomicInteger told) throws Exception {
        return loop.submit(() -> pool.run(slot, loop, this::waits, _ -> told.incrementAndGet(), _ -> {})).get();
    }

    @Test
    void oneSandboxLeavesPlacesToOthersAndGetsItsOwnBack() throws Exception {
        AtomicInteger told = new AtomicInteger();
        try (ScreeningPool pool = new ScreeningPool(120_000); SandboxSlot hostile = slot("sbx-00000001"); SandboxSlot other = slot("sbx-00000002")) {
            List<ScreeningPool.Waiting> taken = new ArrayList<>();
            for (ScreeningPool.Waiting next = run(pool, hostile, told); next != null; next = run(pool, hostile, told)) taken.add(next);
            assertThat(taken).hasSizeBetween(100, 500);
            assertThat(run(pool, other, told)).isNotNull();
            loop.submit(() -> taken.getLast().giveUp()).get();
            assertThat(run(pool, hostile, told)).isNotNull();
            go.countDown();
            FlowRig.eventually(() -> told.get() == taken.size() + 1);
            assertThat(run(pool, hostile, told)).isNotNull();
        } finally {
            loop.shutdownGracefully();
        }
    }
}
