package dev.declaw.guardrails.encoder;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// The rows that `guardrails/training/agreement.py` wrote with the reference tokenizer and the training features.
final class Agreement {
    private Agreement() {}

    static List<JsonNode> rows() throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<JsonNode> rows = new ArrayList<>();
        try (BufferedReader in = new BufferedReader(new InputStreamReader(Agreement.class.getResourceAsStream("agreement.jsonl"), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) rows.add(json.readTree(line));
        }
        if (rows.size() < 200) throw new IllegalStateException("rows are missing");
        return rows;
    }
}
