package dev.declaw.server.governance;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The packs by the names that clients know. Each is Rego (`policyd/internal/engine/packs`) that `custom_policy.policy_ref` can name; what it
/// enforces, and for which control, stands here. Advisory controls say which setting of a policy serves them.
public final class GovernancePacks {
    /// @param control the framework's own id
    /// @param gate `cmd`, `network` or `content`
    /// @param rule what is enforced
    /// @param playbook what to do about a denial
    public record Enforced(String control, String gate, String rule, String playbook) {}

    /// @param reason how it is served otherwise
    public record Advisory(String control, String reason) {}

    public record Pack(
            String name,
            String version,
            String framework,
            String description,
            List<String> gates,
            List<Enforced> enforces,
            List<Advisory> advisory,
            boolean seeded) {
        public Pack {
            gates = List.copyOf(gates);
            enforces = List.copyOf(enforces);
            advisory = List.copyOf(advisory);
        }

        public String policyRef() {
            return name + "@" + version;
        }
    }

    private static final String DATA = "set security.pii with action redact or block";
    private static final String EGRESS = "list the hosts that are needed in network.allow_out; everything else is denied then";
    private static final String AUDIT = "security.audit is on unless it is switched off; GET /audit/export and /audit/verify give and prove the record";
    private static final String LIMITS = "set timeout at create, and the limits of the tenant";
    private static final String VAULT = "keep credentials in the vault and name them in vault_refs";
    private static final String DROP_SITES = "hosts that take data of anybody";
    private static final String STAGES = "content rules act on what a stage finds: switch it on, with log_only where only the pack shall decide";
    private static final String PEOPLE = "a matter of people and process; no gate can enforce it";

    private static final String OBEY = "read the denial's message; do what was wanted in another way";
    private static final String SCANNED = "look at the audit event's findings; narrow the stage's domains, or raise its threshold, when it was harmless";
    private static final String HOST = "ask the sandbox's owner; a host that is needed takes a policy without this pack";

    private static final List<Pack> ALL = List.of(
            new Pack(
                    "prompt-injection",
                    "v3",
                    "Declaw",
                    "Goes with security.injection_defense: what its scanner finds is denied, also where the stage itself only logs.",
                    List.of("content"),
                    List.of(found("prompt-injection", "injection")),
                    List.of(),
                    true),
            pack("baseline-hardening", "Declaw", "A starting point for agents that run code of others.")
                    .with(command("BH-1", "programs that load kernel modules"), command("BH-2", "programs that open raw connections, and shells on sockets"))
                    .with(command("BH-3", "a download that is run unread"), command("BH-4", "commands that destroy the system"))
                    .with(network("BH-5", "cloud metadata"), network("BH-6", "ports of services that send credentials in plain text"))
                    .hint("egress-allow-list", EGRESS).hint("personal-data", DATA).hint("credentials", VAULT).hint("record", AUDIT).hint("limits", LIMITS).done(),
            pack("owasp-llm-top10", "OWASP Top 10 for LLM Applications 2025", "Risks of applications that use large language models.")
                    .with(found("LLM01", "injection"), found("LLM02", "pii"), found("LLM05", "code_security"))
                    .with(command("LLM06", "programs that raise privileges, and commands that destroy the system"), network("LLM06", DROP_SITES))
                    .hint("LLM10 Unbounded Consumption", LIMITS).hint("stages", STAGES).done(),
            pack("owasp-agentic", "OWASP Agentic AI: Threats and Mitigations", "Threats to agents that act on their own.")
                    .with(network("T2", DROP_SITES), command("T3", "programs that raise privileges"), found("T6", "injection"))
                    .with(command("T11", "a download that is run unread, and programs that open raw connections"))
                    .hint("T4 Resource Overload", LIMITS).hint("T8 Repudiation and Untraceability", AUDIT).hint("stages", STAGES).done(),
            pack("owasp-mcp", "OWASP MCP Top 10", "Risks of the Model Context Protocol.")
                    .with(found("tool poisoning", "injection"), found("token mismanagement and secret exposure", "pii"))
                    .with(command("command injection and execution", "a download that is run unread"))
                    .with(command("privilege escalation", "programs that raise privileges"), network("unrestricted network access", DROP_SITES))
                    .hint("token mismanagement and secret exposure", VAULT).hint("lack of audit and telemetry", AUDIT).hint("stages", STAGES).done(),
            pack("eu-ai-act", "Regulation (EU) 2024/1689", "Technical measures for some duties of the AI Act.")
                    .with(found("Article 15", "injection"), found("Article 10", "pii"), command("Article 15", "programs that load kernel modules"))
                    .hint("Article 12 Record-keeping", AUDIT).hint("Article 14 Human oversight", PEOPLE).hint("stages", STAGES).done(),
            pack("nist-ai-rmf", "NIST AI 100-1", "Technical measures for parts of the AI Risk Management Framework.")
                    .with(found("MEASURE 2.7", "injection"), found("MEASURE 2.10", "pii"), found("MEASURE 2.6", "toxicity"))
                    .with(command("MEASURE 2.7", "commands that destroy the system"), network("MEASURE 2.7", "cloud metadata"))
                    .hint("MANAGE 4.1 Post-deployment monitoring", AUDIT).hint("GOVERN 1 Policies and processes", PEOPLE).hint("stages", STAGES).done(),
            pack("iso-42001", "ISO/IEC 42001:2023", "Technical measures for an AI management system.")
                    .with(found("A.7", "pii"), found("A.6", "injection"), network("A.9", DROP_SITES))
                    .with(network("A.9", "ports of services that send credentials in plain text"))
                    .hint("A.6.2.8 Recording of event logs", AUDIT).hint("A.9 Use of AI systems", PEOPLE).hint("stages", STAGES).done(),
            pack("mitre-atlas", "MITRE ATLAS", "Techniques of attackers against AI systems.")
                    .with(found("AML.T0051", "injection"), found("AML.T0057", "pii"), network("AML.T0025", DROP_SITES))
                    .with(network("AML.T0055", "cloud metadata"), command("AML.T0050", "programs that open raw connections, and a download that is run unread"))
                    .hint("AML.T0055 Unsecured Credentials", VAULT).hint("stages", STAGES).done(),
            pack("csa-aicm", "CSA AI Controls Matrix", "Domains of the Cloud Security Alliance's controls for AI.")
                    .with(found("Data Security and Privacy", "pii"), found("Application and Interface Security", "injection"))
                    .with(network("Data Security and Privacy", DROP_SITES))
                    .with(network("Infrastructure Security", "ports of services that send credentials in plain text"))
                    .with(command("Identity and Access Management", "programs that raise privileges"))
                    .with(command("Threat and Vulnerability Management", "programs that load kernel modules"))
                    .hint("Logging and Monitoring", AUDIT).hint("Identity and Access Management", VAULT).hint("stages", STAGES).done());

    private GovernancePacks() {}

    private static Enforced command(String control, String what) {
        return new Enforced(control, "cmd", what, OBEY);
    }

    private static Enforced network(String control, String what) {
        return new Enforced(control, "network", what, HOST);
    }

    private static Enforced found(String control, String stage) {
        return new Enforced(control, "content", "what the stage " + stage + " finds", SCANNED);
    }

    private static Builder pack(String name, String framework, String description) {
        return new Builder(name, framework, description);
    }

    private static final class Builder {
        private final String name;
        private final String framework;
        private final String description;
        private final List<Enforced> enforces = new ArrayList<>();
        private final List<Advisory> advisory = new ArrayList<>();

        Builder(String name, String framework, String description) {
            this.name = name;
            this.framework = framework;
            this.description = description;
        }

        Builder with(Enforced... rules) {
            enforces.addAll(List.of(rules));
            return this;
        }

        Builder hint(String control, String reason) {
            advisory.add(new Advisory(control, reason));
            return this;
        }

        Pack done() {
            List<String> gates = Stream.of("cmd", "network", "content")
                    .filter(gate -> enforces.stream().anyMatch(rule -> rule.gate().equals(gate)))
                    .toList();
            return new Pack(name, "v1", framework, description, gates, enforces, advisory, true);
        }
    }

    public static List<Pack> all() {
        return ALL;
    }

    public static Optional<Pack> find(String name) {
        return ALL.stream().filter(pack -> pack.name().equals(name)).findFirst();
    }
}
