package dev.declaw.egress.content;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.declaw.model.policy.ContentGate;
import dev.declaw.model.policy.Reason;
import dev.declaw.model.scan.ScanText;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The content gate: which endpoints and models may be called. Thread-safe.
record GateStage(ContentGate gate) {
    static final String NAME = "content_gate";

    /// Gemini, Vertex and Bedrock name the model in the path: `/v1beta/models/NAME:generateContent`, `/model/NAME/invoke`.
    private static final Pattern IN_PATH = Pattern.compile("/models?/([^/:?]{1,256})(?::|/(?:invoke|converse)|$)");

    private static final JsonFactory JSON = new JsonFactory();

    /// @param pathAndQuery the request's target
    /// @param body the body as text; empty when it is none
    /// @param fields the body's texts with their keys
    /// @param unread whether there is a body that is no text
    /// @return why it may not be called
    Optional<Reason> judge(String method, String pathAndQuery, String body, List<ScanText> fields, boolean unread) {
        int question = pathAndQuery.indexOf('?');
        String raw = question < 0 ? pathAndQuery : pathAndQuery.substring(0, question);
        String path = View.of(raw, 0, raw.length()).percentDecoded(false).map(View::text).orElse(raw);
        // Servers disagree on dot segments and double slashes, so what has some is nobody's listed endpoint.
        boolean odd = path.contains("//") || path.matches("(?s).*/\\.{1,2}(/.*)?") || path.indexOf('\\') >= 0;
        if (gate.endpoints().isPresent() && (odd || !gate.allowsEndpoint(method, path))) {
            return Optional.of(Reason.ENDPOINT_NOT_ALLOWED);
        }
        if (gate.models().isEmpty()) return Optional.empty();
        Optional<List<String>> named = models(path, body, fields, unread);
        boolean allowed = named.isPresent() && named.get().stream().allMatch(gate::allowsModel);
        return allowed ? Optional.empty() : Optional.of(Reason.MODEL_NOT_ALLOWED);
    }

    /// Every model that a request names, in its body and its path.
    ///
    /// @return empty when that cannot be told
    static Optional<List<String>> models(String path, String body, List<ScanText> fields, boolean unread) {
        List<String> named = new ArrayList<>();
        boolean json = body.stripLeading().startsWith("{");
        if (unread || json && !inBody(body, named)) return Optional.empty();
        // A part of a form comes with the line ends around it.
        if (!json) fields.stream().filter(field -> field.key().equalsIgnoreCase("model")).forEach(field -> named.add(field.text().strip()));
        Matcher inPath = IN_PATH.matcher(path);
        while (inPath.find()) named.add(inPath.group(1));
        return Optional.of(named);
    }

    /// Every top-level `model` of a JSON body: parsers disagree on which of two counts.
    ///
    /// @return false for one that is no string, and for a body that is not one JSON object
    private static boolean inBody(String body, List<String> named) {
        try (JsonParser parser = JSON.createParser(body)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean model = parser.currentName().equalsIgnoreCase("model");
                JsonToken value = parser.nextToken();
                if (model && value != JsonToken.VALUE_STRING) return false;
                if (model) named.add(parser.getText());
                parser.skipChildren();
            }
            return parser.nextToken() == null;
        } catch (IOException e) {
            // No JSON, so no model that anybody could read with certainty.
            return false;
        }
    }
}
