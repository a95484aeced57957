package dev.declaw.sdk.policy;

import dev.declaw.sdk.DeclawException.InvalidPolicy;
import dev.declaw.sdk.json.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// A scanner that is switched on: what it looks for, where, and what happens then.
public sealed interface Scanner {
    /// Name of the part of a policy.
    String part();

    JsonObject toJson();

    /// What happens to a finding. Not every scanner knows every action.
    enum Action {
        REDACT,
        STRIP,
        BLOCK,
        LOG_ONLY;

        String wire() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// Kinds of personal data.
    enum PersonalData {
        SSN,
        CREDIT_CARD,
        EMAIL,
        PHONE,
        PERSON_NAME,
        API_KEY,
        ADDRESS,
        IP_ADDRESS,
        IBAN,
        DATE_OF_BIRTH,
        PASSPORT,
        DRIVER_LICENSE,
        MEDICAL_RECORD,
        TAX_ID,
        BANK_ROUTING,
        CRYPTO_WALLET,
        MAC_ADDRESS,
        NATIONAL_ID;

        String wire() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// A kind of personal data of your own: a pattern (RE2, matched as whole words) or a dictionary (any case).
    ///
    /// @param check `luhn`, `mod97`, `mod11_10` or `verhoeff`, which a match must fulfil
    /// @param context words of which one must stand shortly before a match, or be its field's name; empty: none
    record CustomType(String name, Optional<String> pattern, List<String> dictionary, Optional<String> check, List<String> context) {
        public CustomType {
            dictionary = List.copyOf(dictionary);
            context = List.copyOf(context);
            if (!name.matches("[a-z][a-z0-9_]{0,63}")) {
                throw new InvalidPolicy("pii.custom_types.name must be a word of small letters, digits and _");
            }
            if (pattern.isPresent() != dictionary.isEmpty()) {
                throw new InvalidPolicy("pii.custom_types: " + name + " needs either a pattern or a dictionary");
            }
        }

        /// What a pattern matches.
        public static CustomType pattern(String name, String pattern) {
            return new CustomType(name, Optional.of(pattern), List.of(), Optional.empty(), List.of());
        }

        /// These words and phrases.
        public static CustomType dictionary(String name, String... entries) {
            return new CustomType(name, Optional.empty(), List.of(entries), Optional.empty(), List.of());
        }

        /// Only near one of these words.
        public CustomType near(String... words) {
            return new CustomType(name, pattern, dictionary, check, List.of(words));
        }

        JsonObject toJson() {
            JsonObject json = new JsonObject().put("name", name);
            pattern.ifPresent(text -> json.put("pattern", text));
            if (!dictionary.isEmpty()) json.put("dictionary", dictionary);
            check.ifPresent(text -> json.put("check", text));
            if (!context.isEmpty()) json.put("context", context);
            return json;
        }
    }

    /// Personal data in requests: replaced by tokens that responses turn back, or blocked, or only recorded.
    ///
    /// @param types empty: the first eight of [PersonalData]
    /// @param custom kinds of your own, at most 32
    /// @param hosts empty: all
    record Pii(Set<PersonalData> types, List<CustomType> custom, Action action, boolean rehydrate, List<String> hosts)
            implements Scanner {
        public Pii {
            types = Set.copyOf(types);
            custom = List.copyOf(custom);
            hosts = PolicyChecks.hosts("pii.domains", hosts);
            require("pii", action, Action.REDACT, Action.BLOCK, Action.LOG_ONLY);
        }

        /// Everything of these kinds is redacted, to all hosts; no kinds means all kinds.
        public static Pii redact(PersonalData... types) {
            return new Pii(Set.of(types), List.of(), Action.REDACT, true, List.of());
        }

        /// A request with anything of these kinds is refused; no kinds means all kinds.
        public static Pii block(PersonalData... types) {
            return new Pii(Set.of(types), List.of(), Action.BLOCK, true, List.of());
        }

        /// The same, and these kinds too.
        public Pii with(CustomType... more) {
            return new Pii(types, List.of(more), action, rehydrate, hosts);
        }

        /// The same for these hosts only.
        public Pii to(String... only) {
            return new Pii(types, custom, action, rehydrate, List.of(only));
        }

        /// The same, and tokens stay tokens in responses.
        public Pii withoutRehydration() {
            return new Pii(types, custom, action, false, hosts);
        }

        @Override
        public String part() {
            return "pii";
        }

        @Override
        public JsonObject toJson() {
            JsonObject json = on(action, hosts).put("rehydrate_response", rehydrate);
            if (!types.isEmpty()) json.put("types", types.stream().map(PersonalData::wire).sorted().toList());
            if (!custom.isEmpty()) json.put("custom_types", custom.stream().map(CustomType::toJson).toList());
            return json;
        }
    }

    /// Prompt injection, in requests to these hosts only: without hosts nothing would be scanned, so they are required.
    ///
    /// @param threshold 0 to 1; empty: the platform's
    record Injection(List<String> hosts, Action action, Optional<Double> threshold, Optional<String> mode) implements Scanner {
        public Injection {
            hosts = PolicyChecks.hosts("injection_defense.domains", hosts);
            if (hosts.isEmpty()) {
                throw new InvalidPolicy("injection_defense without domains would scan nothing; name the hosts, or * for all");
            }
            require("injection_defense", action, Action.BLOCK, Action.LOG_ONLY);
            threshold.ifPresent(value -> PolicyChecks.fraction("injection_defense.threshold", value));
        }

        public static Injection block(String... hosts) {
            return new Injection(List.of(hosts), Action.BLOCK, Optional.empty(), Optional.empty());
        }

        @Override
        public String part() {
            return "injection_defense";
        }

        @Override
        public JsonObject toJson() {
            JsonObject json = on(action, hosts);
            threshold.ifPresent(value -> json.put("threshold", value));
            mode.ifPresent(value -> json.put("injection_mode", value));
            return json;
        }
    }

    /// Toxic language.
    record Toxicity(Action action, Optional<Double> threshold, List<String> hosts) implements Scanner {
        public Toxicity {
            hosts = PolicyChecks.hosts("toxicity.domains", hosts);
            require("toxicity", action, Action.BLOCK, Action.LOG_ONLY);
            threshold.ifPresent(value -> PolicyChecks.fraction("toxicity.threshold", value));
        }

        @Override
        public String part() {
            return "toxicity";
        }

        @Override
        public JsonObject toJson() {
            JsonObject json = on(action, hosts);
            threshold.ifPresent(value -> json.put("threshold", value));
            return json;
        }
    }

    /// Dangerous code.
    record CodeSecurity(Action action, Optional<Double> threshold, List<String> excludedLanguages, List<String> hosts)
            implements Scanner {
        public CodeSecurity {
            hosts = PolicyChecks.hosts("code_security.domains", hosts);
            excludedLanguages = List.copyOf(excludedLanguages);
            require("code_security", action, Action.BLOCK, Action.LOG_ONLY);
            threshold.ifPresent(value -> PolicyChecks.fraction("code_security.threshold", value));
        }

        @Override
        public String part() {
            return "code_security";
        }

        @Override
        public JsonObject toJson() {
            JsonObject json = on(action, hosts);
            threshold.ifPresent(value -> json.put("threshold", value));
            if (!excludedLanguages.isEmpty()) json.put("excluded_languages", excludedLanguages);
            return json;
        }
    }

    /// Characters that people do not see.
    record InvisibleText(Action action, List<String> hosts) implements Scanner {
        public InvisibleText {
            hosts = PolicyChecks.hosts("invisible_text.domains", hosts);
            require("invisible_text", action, Action.STRIP, Action.BLOCK, Action.LOG_ONLY);
        }

        @Override
        public String part() {
            return "invisible_text";
        }

        @Override
        public JsonObject toJson() {
            return on(action, hosts);
        }
    }

    private static JsonObject on(Action action, List<String> hosts) {
        JsonObject json = new JsonObject().put("enabled", true).put("action", action.wire());
        if (!hosts.isEmpty()) json.put("domains", hosts);
        return json;
    }

    private static void require(String part, Action action, Action... known) {
        for (Action one : known) if (one == action) return;
        throw new InvalidPolicy(part + " has no action " + action.wire());
    }
}
