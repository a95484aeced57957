package dev.declaw.bench;

import java.util.Arrays;

/// `./declaw bench NAME`: starts the real product, measures, and prints one JSON line per figure set.
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws InterruptedException {
        String name = arguments.length == 0 ? "" : arguments[0];
        String[] rest = arguments.length == 0 ? arguments : Arrays.copyOfRange(arguments, 1, arguments.length);
        switch (name) {
            case "create" -> CreateBench.run(rest);
            case "restore", "snapshot", "cycles", "kill", "density", "burst" -> SandboxBench.run(name, rest);
            case "streams" -> StreamsBench.run(rest);
            case "channel" -> ChannelBench.run(rest);
            case "egress" -> EgressBench.run(rest);
            case "cli" -> CliBench.run(rest);
            case "sdk" -> SdkBench.run(rest);
            case "policy" -> PolicyBench.run(rest);
            case "guardrails" -> GuardrailsBench.run(rest);
            default -> {
                System.err.println("usage: ./declaw bench create|restore|snapshot|cycles|kill|density|burst [N] | streams [STREAMS CREATES] | channel [MIB]"
                        + " | egress [SECONDS] | cli [N] | sdk [STREAMS] | policy [N] | guardrails --data DIR");
                System.exit(2);
            }
        }
    }
}
