package dev.declaw.server.governance;

import java.util.List;
import java.util.Optional;

/// The packs by the names that clients know. A pack is *seeded* when `custom_policy.policy_ref` can name it and the proxy or the
/// command gate then enforces it. The others are guides: each control says which setting of a policy serves it, and
/// nothing is enforced by their name.
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
        public String policyRef() {
            return name + "@" + version;
        }
    }

    private static final String INJECTION =
            "set security.injection_defense with action block and the domains whose traffic is untrusted";
    private static final String DATA = "set security.pii with action redact or block";
    private static final String EGRESS = "list the hosts that are needed in network.allow_out; everything else is denied then";
    private static final String AUDIT = "security.audit is on unless it is switched off; GET /audit/export and /audit/verify give and prove the record";
    private static final String LIMITS = "set timeout at create, and the limits of the tenant";
    private static final String CODE = "set security.code_security with action block";
    private static final String VAULT = "keep credentials in the vault and name them in vault_refs";
    private static final String PEOPLE = "a matter of people and process; no gate can enforce it";

    private static final List<Pack> ALL = List.of(
            new Pack(
                    "prompt-injection",
                    "v3",
                    "Declaw",
                    "Goes with security.injection_defense: requests and answers that carry instructions for the model are judged and refused.",
                    List.of("content"),
                    List.of(new Enforced(
                            "prompt-injection",
                            "content",
                            "injection_defense judges the traffic of its domains and acts as its action says",
                            "look at the audit event's scanner and findings; narrow domains, or raise threshold, when it was harmless")),
                    List.of(),
                    true),
            guide("baseline-hardening", "Declaw", "A starting point for agents that run code of others.",
                    new Advisory("egress-allow-list", EGRESS), new Advisory("personal-data", DATA), new Advisory("credentials", VAULT),
                    new Advisory("record", AUDIT), new Advisory("limits", LIMITS)),
            guide("owasp-llm-top10", "OWASP Top 10 for LLM Applications 2025", "Risks of applications that use large language models.",
                    new Advisory("LLM01 Prompt Injection", INJECTION), new Advisory("LLM02 Sensitive Information Disclosure", DATA),
                    new Advisory("LLM05 Improper Output Handling", CODE), new Advisory("LLM06 Excessive Agency", EGRESS),
                    new Advisory("LLM10 Unbounded Consumption", LIMITS)),
            guide("owasp-agentic", "OWASP Agentic AI: Threats and Mitigations", "Threats to agents that act on their own.",
                    new Advisory("T2 Tool Misuse", EGRESS), new Advisory("T3 Privilege Compromise", VAULT),
                    new Advisory("T4 Resource Overload", LIMITS), new Advisory("T8 Repudiation and Untraceability", AUDIT),
                    new Advisory("T11 Unexpected RCE and Code Attacks", CODE)),
            guide("owasp-mcp", "OWASP MCP Top 10", "Risks of the Model Context Protocol.",
                    new Advisory("MCP01 Token Mismanagement and Secret Exposure", VAULT), new Advisory("MCP03 Tool Poisoning", INJECTION),
                    new Advisory("MCP06 Intent Flow Subversion", INJECTION), new Advisory("MCP08 Lack of Audit and Telemetry", AUDIT),
                    new Advisory("MCP10 Context Injection and Over-Sharing", DATA)),
            guide("eu-ai-act", "Regulation (EU) 2024/1689", "Technical measures for some duties of the AI Act.",
                    new Advisory("Article 12 Record-keeping", AUDIT), new Advisory("Article 15 Accuracy, robustness and cybersecurity", INJECTION),
                    new Advisory("Article 14 Human oversight", PEOPLE)),
            guide("nist-ai-rmf", "NIST AI 100-1", "Technical measures for parts of the AI Risk Management Framework.",
                    new Advisory("MEASURE 2.7 Security and resilience", INJECTION), new Advisory("MEASURE 2.10 Privacy", DATA),
                    new Advisory("MANAGE 4.1 Post-deployment monitoring", AUDIT), new Advisory("GOVERN 1 Policies and processes", PEOPLE)),
            guide("iso-42001", "ISO/IEC 42001:2023", "Technical measures for an AI management system.",
                    new Advisory("A.6.2.8 Recording of event logs", AUDIT), new Advisory("A.7 Data for AI systems", DATA),
                    new Advisory("A.9 Use of AI systems", PEOPLE)),
            guide("mitre-atlas", "MITRE ATLAS", "Techniques of attackers against AI systems.",
                    new Advisory("AML.T0051 LLM Prompt Injection", INJECTION), new Advisory("AML.T0057 LLM Data Leakage", DATA),
                    new Advisory("AML.T0025 Exfiltration via Cyber Means", EGRESS), new Advisory("AML.T0055 Unsecured Credentials", VAULT)),
            guide("csa-aicm", "CSA AI Controls Matrix", "Domains of the Cloud Security Alliance's controls for AI.",
                    new Advisory("LOG Logging and Monitoring", AUDIT), new Advisory("DSP Data Security and Privacy Lifecycle Management", DATA),
                    new Advisory("IAM Identity and Access Management", VAULT), new Advisory("I&S Infrastructure Security", EGRESS)));

    private GovernancePacks() {}

    private static Pack guide(String name, String framework, String description, Advisory... advisory) {
        String honest = description + " A guide: nothing is enforced by its name in this version.";
        return new Pack(name, "v1", framework, honest, List.of(), List.of(), List.of(advisory), false);
    }

    public static List<Pack> all() {
        return ALL;
    }

    public static Optional<Pack> find(String name) {
        return ALL.stream().filter(pack -> pack.name().equals(name)).findFirst();
    }
}
