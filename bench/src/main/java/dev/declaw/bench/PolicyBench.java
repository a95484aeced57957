package dev.declaw.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.e2e.platform.Api;
import dev.declaw.e2e.platform.Platform;
import dev.declaw.e2e.world.World;
import dev.declaw.model.policy.CustomPolicy;
import dev.declaw.rego.CompiledPolicy;
import dev.declaw.rego.Gate;
import dev.declaw.rego.PolicyEngine;
import dev.declaw.rego.PolicyService;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What custom policies cost: a compilation and a decision at the policy service, as the server and the proxy ask it, and the start of a
/// program in a guest with command rules beside one without.
final class PolicyBench {
    private static final int DECISIONS = 5000;
    private static final int WARM_UP = 1000;
    private static final int COMPILATIONS = 30;
    private static final int ROUNDS = 5;
    private static final int STARTS = 100;
    private static final String RULE =
            "package declaw.platform.cmd\ndeny contains \"no\" if input.action.command in {\"dd\", \"mkfs\", \"shutdown\"}";
    /// Prints milliseconds for each of so many starts of `/bin/true`.
    private static final String LOOP = "python3 -c 'import os,time\nt=time.time()\nfor i in range(" + STARTS
            + "): os.waitpid(os.posix_spawn(\"/bin/true\",[\"true\"],{}),0)\nprint((time.time()-t)*1000/" + STARTS + ")'";

    private PolicyBench() {}

    static void run(String[] arguments) throws InterruptedException {
        int decisions = arguments.length > 0 ? Integer.parseInt(arguments[0]) : DECISIONS;
        ObjectNode service = Api.JSON.createObjectNode().put("bench", "policy").put("decisions", decisions);
        service(service, decisions);
        System.out.println(service);
        ObjectNode guest = Api.JSON.createObjectNode().put("bench", "policy_guest");
        guest(guest);
        System.out.println(guest);
    }

    private static void service(ObjectNode line, int decisions) throws InterruptedException {
        PolicyService.Settings settings = new PolicyService.Settings(
                Path.of(".build", "policyd").toAbsolutePath(), "declaw-policyd-bench-" + ProcessHandle.current().pid(), List.of(0));
        try (PolicyService service = PolicyService.start(settings)) {
            PolicyEngine engine = service.engine();
            Samples compile = new Samples();
            CompiledPolicy policy = null;
            for (int i = 0; i < COMPILATIONS; i++) {
                CustomPolicy source = new CustomPolicy(
                        List.of(new CustomPolicy.Module("inline_rego", RULE + "\n# " + i)), Optional.of("baseline-hardening@v1"), false);
                long start = System.nanoTime();
                policy = engine.compile(source);
                compile.add(System.nanoTime() - start);
            }
            ObjectNode input = Api.JSON.createObjectNode();
            input.putObject("action").put("command", "python3").put("text", "python3 train.py").putArray("args").add("train.py");
            Samples decide = new Samples();
            for (int i = 0; i < WARM_UP + decisions; i++) {
                long start = System.nanoTime();
                engine.decide(policy, Gate.CMD, List.of(input));
                if (i >= WARM_UP) decide.add(System.nanoTime() - start);
            }
            compile.describe(line, "compile");
            decide.describe(line, "decision");
        }
    }

    private static void guest(ObjectNode line) {
        ObjectNode guarded = Api.JSON.createObjectNode().put("timeout", 600);
        guarded.putObject("security").putObject("custom_policy").put("enabled", true).put("inline_rego", RULE);
        try (World world = new World();
                Platform platform = new Platform(world, Map.of())) {
            Api api = platform.api();
            String with = api.create(guarded.toString()).path("sandbox_id").textValue();
            String without = api.create("{\"timeout\": 600}").path("sandbox_id").textValue();
            double best = Double.MAX_VALUE;
            double bestGuarded = Double.MAX_VALUE;
            for (int i = 0; i < ROUNDS; i++) { // in turn, so that both meet the same machine
                best = Math.min(best, Double.parseDouble(api.run(without, LOOP).stdout().strip()));
                bestGuarded = Math.min(bestGuarded, Double.parseDouble(api.run(with, LOOP).stdout().strip()));
            }
            line.put("program_start_millis", best).put("program_start_guarded_millis", bestGuarded).put("rounds", ROUNDS).put("starts", STARTS);
        }
    }
}
