package dev.declaw.egress.explain;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.egress.content.ContentPipeline;
import dev.declaw.egress.content.ContentRun;
import dev.declaw.egress.content.TokenVault;
import dev.declaw.egress.credential.CredentialSet;
import dev.declaw.egress.custom.CustomGates;
import dev.declaw.egress.http.RequestHead;
import dev.declaw.model.network.HostName;
import dev.declaw.model.network.IpLiteral;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.Reason;
import dev.declaw.model.policy.SecurityPolicy;
import dev.declaw.model.scan.ContentScanners;
import dev.declaw.model.scan.PersonalDataScanners;
import dev.declaw.rego.PolicyEngine;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/// Replays a request through a policy with the stages and scanners of the proxy, and tells what each decides. A name is
/// judged before it is resolved: what its addresses would add is said, not looked up. Credentials are not part of it.
/// Thread-safe; runs on the caller's thread, CPU-bound, up to seconds with models.
public final class PolicyExplainer {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final ContentScanners scanners;
    private final PersonalDataScanners personal;

    public PolicyExplainer() {
        this.scanners = ContentScanners.installed();
        this.personal = PersonalDataScanners.installed();
    }

    /// @param engine the policy service, for policies with custom rules
    /// @return `decision` (`allow`, `deny`, `report`), `reason`, `text`, `rule`, `intercepted`, `scanner`, `findings`,
    ///     `stages` in their order, and `request` as it would be sent
    public ObjectNode explain(SecurityPolicy policy, Sample sample, Optional<PolicyEngine> engine) {
        CustomGates custom = CustomGates.compile(policy, engine);
        Optional<HostName> name = HostName.parse(sample.host());
        Decision network = name.map(host -> policy.network().decideName(host))
                .orElseGet(() -> IpLiteral.parse(sample.host())
                        .map(address -> policy.network().decideAddress(address))
                        .orElse(Decision.deny(Reason.MALFORMED_REQUEST, null)));
        ObjectNode answer = JSON.objectNode();
        ArrayNode stages = JSON.arrayNode();
        stages.addObject()
                .put("stage", "network")
                .put("decision", network.wire())
                .put("reason", network.reason().code());
        if (network.allowed() && custom.network()) {
            network = custom.decide(connection(sample, policy.intercepts(name)), network);
            stages.addObject()
                    .put("stage", "custom_policy_network")
                    .put("decision", network.wire())
                    .put("reason", network.reason().code());
        }
        boolean read = policy.intercepts(name) || sample.scheme().equals("http");
        String way = !policy.intercepts(name) ? "passthrough" : sample.scheme().equals("https") ? "intercept" : "read";
        stages.addObject().put("stage", "tls").put("decision", network.allowed() ? way : "not reached");
        if (!network.allowed()) return finish(answer, network, stages, false, null);
        if (!policy.intercepts(name)) return finish(answer, network, stages, read, null);
        try (TokenVault vault = new TokenVault()) {
            ContentPipeline pipeline = new ContentPipeline(policy, CredentialSet.NONE, scanners, personal, vault, custom);
            ContentRun run = pipeline.begin(name, sample.host());
            ObjectNode request = replay(run, sample);
            run.stageNames().forEach(stage -> stages.addObject()
                    .put("stage", stage)
                    .put("decision", run.decisions().get(stage)));
            answer.put("scanner", run.scanner());
            ObjectNode findings = answer.putObject("findings");
            run.counts().forEach(findings::put);
            return finish(answer, decision(run, network), stages, true, request);
        }
    }

    private static CustomGates.Connection connection(Sample sample, boolean intercepted) {
        boolean passesUnread = sample.scheme().equals("https") && !intercepted;
        int query = sample.target().indexOf('?');
        String path = query < 0 ? sample.target() : sample.target().substring(0, query);
        return new CustomGates.Connection(
                sample.host(),
                sample.port(),
                passesUnread ? "tls" : sample.scheme(),
                passesUnread ? "" : sample.method(),
                passesUnread ? "" : path);
    }

    private static Decision decision(ContentRun run, Decision network) {
        if (run.refused().isPresent()) return Decision.deny(run.refused().get(), run.rule().isEmpty() ? null : run.rule());
        if (run.wouldRefuse().isPresent()) return new Decision.Report(run.wouldRefuse().get(), network.rule());
        return run.note()
                .<Decision>map(note -> Decision.allow(note, network.rule().orElse(null)))
                .orElse(network);
    }

    /// The request as it would be sent; what comes after a refusal is left out.
    private static ObjectNode replay(ContentRun run, Sample sample) {
        ObjectNode request = JSON.objectNode();
        String target = run.target(sample.method(), sample.target());
        if (!RequestHead.isTarget(target)) run.refuse(Reason.UNSAFE_REWRITE, "transformations");
        request.put("method", sample.method()).put("target", target);
        ArrayNode headers = request.putArray("headers");
        for (Sample.Header header : sample.headers()) {
            if (run.refused().isPresent()) break;
            headers.addObject().put("name", header.name()).put("value", run.header(header.name(), header.value()));
        }
        byte[] body = sample.body();
        if (run.refused().isEmpty() && body.length > 0) body = run.body(body, sample.contentType());
        run.judge();
        if (run.refused().isPresent()) return null;
        if (body.length > 0) put(request, body);
        return request;
    }

    private static void put(ObjectNode request, byte[] body) {
        try {
            request.put("body", StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString());
        } catch (CharacterCodingException e) {
            // No text: shown as it is.
            request.put("body_base64", Base64.getEncoder().encodeToString(body));
        }
    }

    private static ObjectNode finish(
            ObjectNode answer, Decision decision, ArrayNode stages, boolean read, ObjectNode request) {
        answer.put("decision", decision.wire());
        answer.put("reason", decision.reason().code());
        answer.put("text", decision.reason().text());
        answer.put("remedy", decision.reason().remedy());
        answer.put("rule", decision.rule().orElse(null));
        answer.put("read", read);
        answer.set("stages", stages);
        answer.set("request", request);
        return answer;
    }
}
