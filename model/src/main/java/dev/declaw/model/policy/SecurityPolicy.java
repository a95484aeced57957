package dev.declaw.model.policy;

import dev.declaw.model.network.HostName;
import java.util.Optional;

/// All rules of one sandbox, immutable. Read once at the edge by [PolicyReader]; the data plane only asks it questions.
///
/// @param network which destinations are reachable
/// @param pii what happens to personal data
/// @param content the other content stages
/// @param custom Rego of the sandbox's owner, asked after everything else allows
/// @param envSecurity which environment variables are secret
/// @param auditEnabled false leaves out network, command, filesystem and security events; lifecycle events stay
/// @param mode whether the policy acts or only reports
/// @param intercept hosts whose TLS is opened although no content stage reads what is sent, so that each request is judged
///     and recorded by itself
public record SecurityPolicy(
        NetworkPolicy network,
        PiiPolicy pii,
        ContentPolicy content,
        CustomPolicy custom,
        EnvSecurity envSecurity,
        boolean auditEnabled,
        PolicyMode mode,
        HostSelector intercept) {
    /// What a sandbox without any policy gets.
    public static final SecurityPolicy DEFAULT = new SecurityPolicy(
            NetworkPolicy.OPEN,
            PiiPolicy.OFF,
            ContentPolicy.OFF,
            CustomPolicy.NONE,
            EnvSecurity.DEFAULT,
            true,
            PolicyMode.ENFORCE,
            HostSelector.NONE);

    /// Whether TLS to this host must be opened: a content stage reads what is sent, or the policy asks for it.
    public boolean intercepts(Optional<HostName> host) {
        return pii.enabled() && pii.hosts().covers(host) || content.covers(host) || intercept.covers(host);
    }

    /// Whether any host may be intercepted, so that the sandbox needs a CA.
    public boolean needsCertificateAuthority() {
        return pii.enabled() || content.active() || !intercept.none();
    }
}
