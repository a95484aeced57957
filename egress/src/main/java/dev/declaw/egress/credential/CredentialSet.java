package dev.declaw.egress.credential;

import dev.declaw.egress.http.Field;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.HostSelector;
import dev.declaw.model.policy.NetworkRule;
import dev.declaw.model.policy.Reason;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The credentials of one sandbox, in memory only. Immutable and thread-safe; prints no value.
///
/// All that fit a request are put in; of two that name the same field or parameter the later one stands. What the guest
/// itself put there is taken out first, in every spelling. A request that carries a placeholder to where no credential is
/// bound is refused, and so is one to which a credential is bound that the vault could not give.
public final class CredentialSet {
    public static final CredentialSet NONE = new CredentialSet(List.of());

    /// What stands in the guest's environment in place of a secret.
    public static final String PLACEHOLDER = "declaw:vault-managed";

    /// What came of it.
    public sealed interface Outcome {
        /// Nothing is bound to the request.
        record Untouched() implements Outcome {}

        /// @param ids of the credentials that were put in
        /// @param secrets what must not come back in a response
        record Injected(String target, List<Field> fields, Set<String> ids, List<SecretText> secrets) implements Outcome {}

        record Refused(Reason reason) implements Outcome {}
    }

    private final List<Credential> credentials;

    CredentialSet(List<Credential> credentials) {
        this.credentials = List.copyOf(credentials);
    }

    /// The hosts that any of them is bound to.
    public HostSelector hosts() {
        List<NetworkRule> rules = new ArrayList<>();
        for (Credential credential : credentials) rules.addAll(credential.binding().hosts().rules());
        return new HostSelector(false, rules);
    }

    public boolean covers(Optional<HostName> host) {
        return credentials.stream().anyMatch(credential -> credential.binding().hosts().covers(host));
    }

    public boolean isEmpty() {
        return credentials.isEmpty();
    }

    /// Puts in what fits. The last thing that happens to a request before it is encoded.
    public Outcome inject(Binding.Request request, List<Field> fields) {
        return inject(request, fields, new byte[0], Instant.EPOCH);
    }

    /// Whether a signature over the body is bound to the request, so that the body must be held. What is put into the target may
    /// not change this.
    public boolean signsBody(Binding.Request request, List<Field> fields) {
        for (Credential credential : credentials) {
            if (credential.signing().isPresent()
                    && credential.binding().fits(request)
                    && credential.signing().get().needsBody(request.scheme(), fields)) return true;
        }
        return false;
    }

    /// @param body what is sent, or empty where [#signsBody] is false
    /// @param now the time that a signature tells
    public Outcome inject(Binding.Request request, List<Field> fields, byte[] body, Instant now) {
        if (credentials.isEmpty()) return new Outcome.Untouched();
        List<Credential> fitting =
                credentials.stream().filter(credential -> credential.binding().fits(request)).toList();
        if (fitting.isEmpty()) {
            return carriesPlaceholder(request.target(), fields)
                    ? new Outcome.Refused(Reason.CREDENTIAL_NOT_BOUND)
                    : new Outcome.Untouched();
        }
        if (fitting.stream().anyMatch(credential -> credential.value().isEmpty())) {
            return new Outcome.Refused(Reason.CREDENTIAL_UNAVAILABLE);
        }
        Work work = new Work(request.target(), fields);
        for (Credential credential : fitting) { // a signature covers what the others put in
            if (credential.signing().isEmpty()) work.put(credential);
        }
        for (Credential credential : fitting) {
            if (credential.signing().isPresent() && !work.sign(credential, request, body, now)) {
                return new Outcome.Refused(Reason.CREDENTIAL_UNAVAILABLE);
            }
        }
        return new Outcome.Injected(work.target, work.fields, work.ids, work.secrets);
    }

    private static boolean carriesPlaceholder(String target, List<Field> fields) {
        if (target.contains(PLACEHOLDER) || target.contains("declaw%3Avault-managed") || target.contains("declaw%3avault-managed")) {
            return true;
        }
        return fields.stream().anyMatch(field -> field.value().contains(PLACEHOLDER) || inBasic(field.value()));
    }

    private static boolean inBasic(String value) {
        if (!value.regionMatches(true, 0, "Basic ", 0, 6)) return false;
        try {
            byte[] decoded = Base64.getDecoder().decode(value.substring(6).strip());
            return new String(decoded, StandardCharsets.ISO_8859_1).contains(PLACEHOLDER);
        } catch (IllegalArgumentException e) {
            // No base64, so nothing that a server would read as a placeholder.
            return false;
        }
    }

    /// One request.
    private static final class Work {
        private String target;
        private final List<Field> fields;
        private final Set<String> ids = new LinkedHashSet<>();
        private final List<SecretText> secrets = new ArrayList<>();

        Work(String target, List<Field> fields) {
            this.target = target;
            this.fields = new ArrayList<>(fields);
        }

        void put(Credential credential) {
            SecretText secret = credential.value().orElseThrow();
            ids.add(credential.id());
            if (!credential.masked().reveal().isEmpty()) secrets.add(credential.masked());
            switch (credential.kind()) {
                case BEARER, HEADER -> field(credential.header(), credential.prefix() + secret.reveal());
                case BASIC -> {
                    String pair = credential.name() + ":" + secret.reveal();
                    String encoded = Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
                    secrets.add(new SecretText(encoded));
                    field(credential.header(), "Basic " + encoded);
                }
                case QUERY -> parameter(credential.name(), secret.reveal());
                case SIGNED -> throw new IllegalStateException("signed last");
            }
            credential.extraHeaders().forEach(this::field);
            credential.extraQuery().forEach(this::parameter);
        }

        /// False where the request cannot be signed.
        boolean sign(Credential credential, Binding.Request request, byte[] body, Instant now) {
            credential.extraHeaders().forEach(this::field);
            credential.extraQuery().forEach(this::parameter);
            String host = request.host().orElseThrow().value();
            boolean usual = request.port() == (request.scheme().equals("https") ? 443 : 80);
            Signing.Message message = new Signing.Message(
                    request.method(), usual ? host : host + ":" + request.port(), target, fields, body, now);
            Optional<Signing.Signed> signed = credential.signing().orElseThrow().sign(message, credential.value().orElseThrow());
            if (signed.isEmpty()) return false;
            target = signed.get().target();
            fields.clear();
            fields.addAll(signed.get().fields());
            ids.add(credential.id());
            if (!credential.masked().reveal().isEmpty()) secrets.add(credential.masked());
            credential.signing().orElseThrow().goesAlong(credential.value().orElseThrow()).ifPresent(secrets::add);
            return true;
        }

        /// `X_Api_Key` is `X-Api-Key` to many a server (CGI), so both spellings of the guest's go.
        private void field(String name, String value) {
            String spelled = name.replace('_', '-');
            fields.removeIf(field -> field.name().replace('_', '-').equalsIgnoreCase(spelled));
            fields.add(new Field(name, value));
        }

        private void parameter(String name, String value) {
            int question = target.indexOf('?');
            StringBuilder query = new StringBuilder();
            if (question >= 0) {
                for (String pair : target.substring(question + 1).split("[&;]", -1)) {
                    int equals = pair.indexOf('=');
                    String own = decoded(equals < 0 ? pair : pair.substring(0, equals));
                    if (pair.isEmpty() || own.equalsIgnoreCase(name)) continue;
                    query.append(query.isEmpty() ? "" : "&").append(pair);
                }
            }
            query.append(query.isEmpty() ? "" : "&").append(encoded(name)).append('=').append(encoded(value));
            target = (question < 0 ? target : target.substring(0, question)) + "?" + query;
        }

        private static String decoded(String name) {
            try {
                return java.net.URLDecoder.decode(name, StandardCharsets.UTF_8);
            } catch (IllegalArgumentException e) {
                // Malformed escapes: nobody reads it as the parameter.
                return name;
            }
        }

        private static String encoded(String text) {
            return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
        }
    }

    @Override
    public String toString() {
        return "CredentialSet[" + credentials.size() + "]";
    }
}
