package dev.declaw.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.declaw.guardrails.Verdict.Evidence;
import dev.declaw.guardrails.report.AllScanners;
import dev.declaw.guardrails.report.Redaction;
import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.scan.PiiType;
import dev.declaw.server.auth.ApiKeys;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// The scanners as a service: our own form, and the one of the older client's helper (wire-api 14). Texts are neither kept nor logged.
final class ScanEndpoints {
    private static final int TEXT_CHARS_MAX = 1024 * 1024;
    private static final int PROMPTS_MAX = 64;
    private static final int SCANNERS_MAX = 8;
    private static final int SCANS_AT_ONCE_MAX = 4;
    private static final int SCANS_PER_TENANT_MAX = 2;
    private static final Duration WAIT_MAX = Duration.ofSeconds(10);

    /// Who scans without a key.
    private static final String THIS_MACHINE = "";
    private static final double CONFIDENCE = 0.7;

    /// Labels of other tools for our kinds.
    private static final Map<String, PiiType> LABELS = Map.ofEntries(
            Map.entry("us_ssn", PiiType.SSN),
            Map.entry("email_address", PiiType.EMAIL),
            Map.entry("person", PiiType.PERSON_NAME),
            Map.entry("location", PiiType.ADDRESS),
            Map.entry("street_address", PiiType.ADDRESS),
            Map.entry("iban_code", PiiType.IBAN),
            Map.entry("crypto", PiiType.CRYPTO_WALLET),
            Map.entry("us_passport", PiiType.PASSPORT),
            Map.entry("us_driver_license", PiiType.DRIVER_LICENSE),
            Map.entry("us_itin", PiiType.TAX_ID));

    private final AllScanners scanners;
    private final ApiKeys keys;
    private final SharedPermits turns = new SharedPermits(SCANS_AT_ONCE_MAX, SCANS_PER_TENANT_MAX);

    ScanEndpoints(AllScanners scanners, ApiKeys keys) {
        this.scanners = scanners;
        this.keys = keys;
    }

    /// `{"text", "scanners"?, "types"?, "key"?, "redact"?}`: what each scanner says. Positions count code points.
    void scan(HttpCall call) throws InterruptedException {
        JsonBody body = call.body();
        String text = body.requiredText("text", TEXT_CHARS_MAX);
        List<String> names = names(body);
        Set<PiiType> types = types(body);
        String key = body.text("key", 256).orElse("");
        ObjectNode answer = Json.object();
        ArrayNode results = answer.putArray("results");
        boolean flagged = false;
        List<Evidence> personal = List.of();
        for (String name : names) {
            long started = System.nanoTime();
            AllScanners.Result result = inTurn(call.owner(), name, text, key, types);
            flagged |= result.flagged();
            if (name.equals("pii")) personal = result.findings();
            results.add(json(result, text, (System.nanoTime() - started) / 1000));
        }
        answer.put("flagged", flagged);
        if (body.flag("redact", false)) answer.put("redacted", Redaction.of(text, personal).text());
        call.json(200, answer);
    }

    /// The helper sends no key: it is served without one from this machine only, not through a proxy that runs here.
    void legacy(HttpCall call) throws InterruptedException {
        String owner = THIS_MACHINE;
        if (call.header("Authorization") != null || call.header("X-API-Key") != null || !call.fromThisMachine() || call.forwarded()) {
            owner = keys.owner(call.header("Authorization"), call.header("X-API-Key"));
        }
        JsonBody body = call.body();
        List<String> prompts = new ArrayList<>();
        body.node("prompts").orElseThrow(() -> JsonBody.wrong("prompts", "is missing")).forEach(prompt -> prompts.add(prompt(prompt)));
        if (prompts.size() > PROMPTS_MAX) throw new PlatformFailure.TooLarge("too_many_entries", "there are more than " + PROMPTS_MAX + " prompts");
        if (body.node("scanners").orElse(Json.array()).size() > SCANNERS_MAX) {
            throw new PlatformFailure.TooLarge("too_many_entries", "there are more than " + SCANNERS_MAX + " scanners");
        }
        ObjectNode answer = Json.object();
        ArrayNode responses = answer.putArray("scanner_responses");
        for (JsonNode scanner : body.node("scanners").orElse(Json.array())) {
            JsonBody wanted = JsonBody.of("scanners[]", scanner);
            String type = wanted.requiredText("scanner_type", 64);
            if (!type.equals("pii_scanner")) {
                throw new PlatformFailure.InvalidRequest("unknown_scanner", "scanner_type '" + clip(type) + "' is not served here; pii_scanner is, and POST /guardrails/scan has all scanners");
            }
            JsonBody settings = wanted.node("pii_scanner").map(node -> JsonBody.of("pii_scanner", node)).orElse(new JsonBody(Json.object()));
            responses.add(legacyAnswer(owner, prompts.isEmpty() ? "" : prompts.getFirst(), settings));
        }
        call.json(200, answer);
    }

    private ObjectNode legacyAnswer(String owner, String prompt, JsonBody settings) throws InterruptedException {
        double least = settings.seconds("confidence_threshold", 1).orElse(CONFIDENCE);
        Set<PiiType> types = EnumSet.noneOf(PiiType.class);
        settings.node("entities").ifPresent(list -> list.forEach(label -> types.add(kind(label.asText()))));
        AllScanners.Result result = inTurn(owner, "pii", prompt, "", types.isEmpty() ? AllScanners.allTypes() : types);
        Redaction redaction = Redaction.of(prompt, result.findings().stream().filter(finding -> finding.score() >= least).toList());
        ObjectNode answer = Json.object().put("scanner_type", "pii_scanner");
        ObjectNode inner = answer.putObject("pii_scanner_response");
        inner.put("sanitized_response", redaction.text());
        ArrayNode details = inner.putArray("entity_details");
        redaction.values().forEach((token, value) -> details.addObject().put("masked_value", token).put("entity_value", value));
        return answer;
    }

    private AllScanners.Result inTurn(String owner, String name, String text, String key, Set<PiiType> types) throws InterruptedException {
        switch (turns.acquire(owner, WAIT_MAX)) {
            case TAKEN -> {}
            case TENANT_FULL ->
                throw new PlatformFailure.QuotaExceeded(
                        "too_many_scans",
                        SCANS_PER_TENANT_MAX + " scans of this account have been under way for " + WAIT_MAX.toSeconds() + " s, its limit; try again", 2,
                        SCANS_PER_TENANT_MAX);
            case ALL_FULL ->
                throw new PlatformFailure.NoCapacity("scanners_busy", "the scanners have been busy for " + WAIT_MAX.toSeconds() + " s; try again");
        }
        try {
            return scanners.scan(name, text, key, types);
        } finally {
            turns.release(owner);
        }
    }

    private static List<String> names(JsonBody body) {
        if (body.node("scanners").isEmpty()) return AllScanners.NAMES;
        List<String> names = new ArrayList<>();
        for (JsonNode name : body.node("scanners").get()) {
            if (!AllScanners.NAMES.contains(name.asText())) {
                throw new PlatformFailure.InvalidRequest("unknown_scanner", "'" + clip(name.asText()) + "' is no scanner; there are " + String.join(", ", AllScanners.NAMES));
            }
            if (!names.contains(name.asText())) names.add(name.asText());
        }
        return names;
    }

    private static Set<PiiType> types(JsonBody body) {
        Set<PiiType> types = EnumSet.noneOf(PiiType.class);
        body.node("types").ifPresent(list -> list.forEach(name -> types.add(kind(name.asText()))));
        return types.isEmpty() ? AllScanners.allTypes() : types;
    }

    private static PiiType kind(String label) {
        String name = label.toLowerCase(Locale.ROOT);
        PiiType other = LABELS.get(name);
        if (other != null) return other;
        return PiiType.parse(name).orElseThrow(() -> new PlatformFailure.InvalidRequest("unknown_type", "'" + clip(label) + "' is no kind of personal data"));
    }

    private static String prompt(JsonNode prompt) {
        if (!prompt.isTextual()) throw JsonBody.wrong("prompts", "must be strings");
        if (prompt.textValue().length() > TEXT_CHARS_MAX) throw new PlatformFailure.TooLarge("value_too_long", "a prompt is longer than " + TEXT_CHARS_MAX + " characters");
        return prompt.textValue();
    }

    private static String clip(String text) {
        return text.substring(0, Math.min(64, text.length()));
    }

    private static ObjectNode json(AllScanners.Result result, String text, long micros) {
        ObjectNode node = Json.object();
        node.put("scanner", result.scanner()).put("score", result.score()).put("threshold", result.threshold()).put("flagged", result.flagged());
        ArrayNode categories = node.putArray("categories");
        result.categories().forEach(categories::add);
        ArrayNode findings = node.putArray("findings");
        for (Evidence finding : result.findings()) {
            int start = text.codePointCount(0, Math.min(finding.start(), text.length()));
            int length = text.codePointCount(Math.min(finding.start(), text.length()), Math.min(finding.end(), text.length()));
            ObjectNode entry = findings.addObject();
            entry.put("type", finding.category()).put("rule", finding.rule()).put("start", start).put("end", start + length).put("score", finding.score());
            if (!finding.detail().isEmpty()) entry.put("reason", finding.detail());
        }
        return node.put("micros", micros);
    }
}
