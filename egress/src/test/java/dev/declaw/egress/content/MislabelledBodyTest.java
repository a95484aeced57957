package dev.declaw.egress.content;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.egress.credential.CredentialSet;
import dev.declaw.egress.custom.CustomGates;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.PolicyReader;
import dev.declaw.model.policy.Reason;
import dev.declaw.model.scan.ContentScanners;
import dev.declaw.model.scan.PersonalDataScanners;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Bodies whose label says something else than what they are: many origins do not look at it.
class MislabelledBodyTest {
    private static final String GATE = "{'content_gate':{'enabled':true,'domains':['api.test'],'models':['small']}}";
    private static final String CODE = "{'code_security':{'enabled':true}%s}";

    private static ContentRun judged(String policy, String type, String body) throws Exception {
        ContentRun run = new ContentPipeline(
                PolicyReader.read(new ObjectMapper().readTree(policy.replace('\'', '"')), null).policy(), CredentialSet.NONE,
                ContentScanners.installed(), PersonalDataScanners.installed(), new TokenVault(), CustomGates.NONE)
                .begin(HostName.parse("api.test"), "api.test");
        run.target("POST", "/v1/chat");
        run.body(body.getBytes(StandardCharsets.ISO_8859_1), type);
        run.judge();
        return run;
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/json", "multipart/form-data; boundary=x", "multipart/form-data", "text/plain; charset=x-none"})
    @Tag("B096") @Tag("B097")
    void theGateFindsTheModelOrRefuses(String type) throws Exception {
        assertThat(judged(GATE, type, "{\"model\":\"large\"}").refused()).contains(Reason.MODEL_NOT_ALLOWED);
    }

    @Test
    void aFormInPartsStillNamesItsModel() throws Exception {
        String form = "--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n%s\r\n--x--\r\n";
        assertThat(judged(GATE, "multipart/form-data; boundary=x", form.formatted("small")).refused()).isEmpty();
        assertThat(judged(GATE, "multipart/form-data; boundary=x", form.formatted("large")).refused()).contains(Reason.MODEL_NOT_ALLOWED);
    }

    @Test
    @Tag("B096")
    void whatJudgesCannotReadDoesNotPassThem() throws Exception {
        String type = "text/plain; charset=x-none";
        assertThat(judged(CODE.formatted(""), type, "anything").refused()).contains(Reason.UNDECODABLE_BODY);
        ContentRun report = judged(CODE.formatted(",'mode':'report'"), type, "anything");
        assertThat(report.refused()).isEmpty();
        assertThat(report.wouldRefuse()).isEqualTo(Optional.of(Reason.UNDECODABLE_BODY));
    }
}
