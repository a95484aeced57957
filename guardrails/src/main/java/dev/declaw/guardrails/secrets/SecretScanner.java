package dev.declaw.guardrails.secrets;

import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.util.ArrayList;
import java.util.List;

/// Finds keys and passwords: by their provider's prefix, by the name they stand under (`.env`, `export`, YAML, JSON, `ENV`,
/// headers, flags, URL user information), as private-key blocks, and as random values in an assignment or beside a
/// provider's name. One pass over the runs of identifier characters; every look around is bounded, so that time is linear. Thread-safe.
public final class SecretScanner implements Scanner {
    /// The type of every finding. The span covers the value, not its name.
    public static final String TYPE = "secret";

    /// A caller that cuts a text into windows repeats this many characters: the longest single value that is recognised.
    public static final int WINDOW_OVERLAP_CHARS = 4096;

    /// Has nothing to set: a caller filters by confidence.
    public SecretScanner() {}

    @Override
    public String name() {
        return "secrets";
    }

    @Override
    public List<Finding> scan(ScanText text) {
        String value = text.text();
        char[] chars = value.toCharArray();
        List<Finding> findings = new ArrayList<>();
        new SecretPass(chars, findings).run();
        String key = text.key();
        if (findings.isEmpty() && !key.isEmpty() && chars.length > 0 && chars.length <= WINDOW_OVERLAP_CHARS) {
            char[] name = key.toCharArray();
            KeyName strength = KeyName.of(name, 0, name.length);
            boolean secret = strength == KeyName.STRONG && Values.secret(chars, 0, chars.length, false)
                    || strength == KeyName.WEAK && chars.length >= 16 && Randomness.random(chars, 0, chars.length, true);
            if (secret) findings.add(new Finding(TYPE, 0, chars.length, 0.9));
        }
        return findings;
    }
}
