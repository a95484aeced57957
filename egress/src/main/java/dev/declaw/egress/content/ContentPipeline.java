package dev.declaw.egress.content;

import dev.declaw.egress.credential.CredentialSet;
import dev.declaw.egress.custom.CustomGates;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.ContentPolicy;
import dev.declaw.model.policy.PolicyMode;
import dev.declaw.model.policy.Reason;
import dev.declaw.model.policy.SecurityPolicy;
import dev.declaw.model.policy.StagePolicy;
import dev.declaw.model.policy.Transformation;
import dev.declaw.model.scan.Cleaner;
import dev.declaw.model.scan.ContentScanners;
import dev.declaw.model.scan.PersonalDataScanners;
import dev.declaw.model.scan.Scanner;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// The content stages of one policy, with their scanners, in their order: invisible text, transformations outbound, PII,
/// injection, toxicity, code security, content gate, custom policy, credentials. Immutable and thread-safe.
public final class ContentPipeline {
    private final SecurityPolicy policy;
    private final CredentialSet credentials;
    private final ContentScanners scanners;
    private final TokenVault vault;
    private final CustomGates custom;
    private final Cleaner invisible;
    private final Optional<ContentScreen> pii;
    private final Optional<Scanner> injection;
    private final Optional<Scanner> toxicity;
    private final Optional<Scanner> code;

    /// Makes the scanners that the policy switches on; reads models when the first one needs them.
    ///
    /// @param custom its content rules are the last stage
    /// @throws RuntimeException when a scanner cannot be made: the policy must not be served then
    public ContentPipeline(
            SecurityPolicy policy,
            CredentialSet credentials,
            ContentScanners scanners,
            PersonalDataScanners personal,
            TokenVault vault,
            CustomGates custom) {
        this.credentials = Objects.requireNonNull(credentials);
        this.policy = Objects.requireNonNull(policy);
        this.scanners = Objects.requireNonNull(scanners);
        this.vault = Objects.requireNonNull(vault);
        this.custom = Objects.requireNonNull(custom);
        ContentPolicy content = policy.content();
        this.invisible = scanners.invisibleText();
        this.pii = policy.pii().enabled()
                ? Optional.of(new ContentScreen(policy.pii(), personal.forTypes(policy.pii().types(), policy.pii().custom()), vault))
                : Optional.empty();
        this.injection = active(content.injection().stage())
                ? Optional.of(scanners.injection(content.injection().levels()))
                : Optional.empty();
        this.toxicity = active(content.toxicity().stage())
                ? Optional.of(scanners.toxicity(content.toxicity().threshold()))
                : Optional.empty();
        this.code = active(content.codeSecurity().stage())
                ? Optional.of(scanners.codeSecurity(
                        content.codeSecurity().threshold(), content.codeSecurity().excludedLanguages()))
                : Optional.empty();
    }

    private static boolean active(StagePolicy stage) {
        return stage.enabled() && !stage.hosts().none();
    }

    /// What of the pipeline concerns one host, found once for all requests to it. Immutable.
    public final class ForHost {
        private final HostStages stages;
        private final ResponseStages responses;
        private final CredentialSet bound;
        private final String peer;

        private ForHost(Optional<HostName> name, String peer) {
            this.peer = peer;
            this.stages = stages(name);
            this.responses = responses(name, peer);
            this.bound = credentials.covers(name) ? credentials : CredentialSet.NONE;
        }

        /// Whether it is of this pipeline; another one's must not be used after a change of the policy.
        public boolean of(ContentPipeline pipeline) {
            return ContentPipeline.this == pipeline;
        }

        /// The screening of one request.
        public ContentRun begin() {
            return new ContentRun(stages, scanners, peer, policy.mode(), responses, bound);
        }
    }

    /// @param name the host's name; empty for a bare address
    /// @param peer the name, or the address as text: what tokens are bound to
    public ForHost forHost(Optional<HostName> name, String peer) {
        return new ForHost(name, peer);
    }

    /// The screening of one request, where there will be no second to that host.
    public ContentRun begin(Optional<HostName> name, String peer) {
        return forHost(name, peer).begin();
    }

    private ResponseStages responses(Optional<HostName> name, String peer) {
        if (policy.mode() == PolicyMode.REPORT) return ResponseStages.NONE;
        List<Transformation> rules = policy.content().transformations().stream()
                .filter(rule -> rule.direction().inbound() && rule.hosts().covers(name))
                .toList();
        boolean rehydrates = pii.isPresent() && policy.pii().rehydrateResponse() && policy.pii().hosts().covers(name);
        return new ResponseStages(
                rules.isEmpty() ? Optional.empty() : Optional.of(new TransformStage(rules)),
                rehydrates ? Optional.of(vault) : Optional.empty(),
                peer);
    }

    private HostStages stages(Optional<HostName> name) {
        ContentPolicy content = policy.content();
        List<EditStage> edits = new ArrayList<>();
        if (covers(content.invisibleText(), name)) edits.add(new StripStage(content.invisibleText(), invisible));
        List<Transformation> rules = content.transformations().stream()
                .filter(rule -> rule.direction().outbound() && rule.hosts().covers(name))
                .toList();
        if (!rules.isEmpty()) edits.add(new TransformStage(rules));
        if (pii.isPresent() && policy.pii().hosts().covers(name)) edits.add(pii.get());
        List<JudgeStage> judges = new ArrayList<>();
        judge(judges, injection, content.injection().stage(), name, Reason.INJECTION_BLOCKED, JudgeStage.Reading.WHOLE);
        judge(judges, toxicity, content.toxicity().stage(), name, Reason.TOXICITY_BLOCKED, JudgeStage.Reading.SPOKEN);
        judge(judges, code, content.codeSecurity().stage(), name, Reason.CODE_BLOCKED, JudgeStage.Reading.FIELDS);
        boolean gated = content.gate().enabled() && content.gate().hosts().covers(name);
        return new HostStages(
                edits,
                judges,
                gated ? Optional.of(new GateStage(content.gate())) : Optional.empty(),
                custom.content() ? Optional.of(new CustomStage(custom)) : Optional.empty());
    }

    private static void judge(
            List<JudgeStage> judges,
            Optional<Scanner> scanner,
            StagePolicy stage,
            Optional<HostName> name,
            Reason blocked,
            JudgeStage.Reading reading) {
        if (scanner.isPresent() && covers(stage, name)) {
            judges.add(new JudgeStage(scanner.get(), stage, blocked, reading));
        }
    }

    private static boolean covers(StagePolicy stage, Optional<HostName> name) {
        return stage.enabled() && stage.hosts().covers(name);
    }
}
