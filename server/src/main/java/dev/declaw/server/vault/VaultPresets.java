package dev.declaw.server.vault;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Providers whose APIs are known well enough to need nothing but a value: where it goes, and in which header.
public final class VaultPresets {
    /// @param keyHint what a value looks like
    public record Preset(String key, String name, String category, String keyHint, String docsUrl, List<SecretScope> scopes) {}

    private static final List<Preset> ALL = List.of(
            bearer("openai", "OpenAI", "model", "sk-...", "https://platform.openai.com/docs/api-reference/authentication", "api.openai.com"),
            new Preset(
                    "anthropic",
                    "Anthropic",
                    "model",
                    "sk-ant-...",
                    "https://docs.anthropic.com/en/api/overview",
                    List.of(SecretScope.of(
                            literal("api.anthropic.com"), SecretScope.Type.HEADER, "x-api-key", "",
                            Map.of("anthropic-version", "2023-06-01")))),
            header("gemini", "Google Gemini", "model", "AIza...", "https://ai.google.dev/gemini-api/docs/api-key",
                    "generativelanguage.googleapis.com", "x-goog-api-key"),
            bearer("mistral", "Mistral", "model", "", "https://docs.mistral.ai/api/", "api.mistral.ai"),
            bearer("cohere", "Cohere", "model", "", "https://docs.cohere.com/reference/about", "api.cohere.com"),
            bearer("groq", "Groq", "model", "gsk_...", "https://console.groq.com/docs/api-reference", "api.groq.com"),
            bearer("openrouter", "OpenRouter", "model", "sk-or-...", "https://openrouter.ai/docs/api-reference/authentication", "openrouter.ai"),
            bearer("deepseek", "DeepSeek", "model", "sk-...", "https://api-docs.deepseek.com/", "api.deepseek.com"),
            bearer("together", "Together", "model", "", "https://docs.together.ai/reference/authentication-1", "api.together.xyz"),
            bearer("perplexity", "Perplexity", "model", "pplx-...", "https://docs.perplexity.ai/", "api.perplexity.ai"),
            bearer("xai", "xAI", "model", "xai-...", "https://docs.x.ai/", "api.x.ai"),
            bearerOf("huggingface", "Hugging Face", "model", "hf_...", "https://huggingface.co/docs/hub/security-tokens",
                    "(huggingface\\.co|router\\.huggingface\\.co|api-inference\\.huggingface\\.co)"),
            bearer("replicate", "Replicate", "model", "r8_...", "https://replicate.com/docs/reference/http", "api.replicate.com"),
            header("elevenlabs", "ElevenLabs", "model", "", "https://elevenlabs.io/docs/api-reference/authentication",
                    "api.elevenlabs.io", "xi-api-key"),
            bearer("github", "GitHub", "code", "ghp_...", "https://docs.github.com/en/rest/authentication", "api.github.com"),
            header("gitlab", "GitLab", "code", "glpat-...", "https://docs.gitlab.com/api/rest/authentication/", "gitlab.com", "PRIVATE-TOKEN"),
            bearer("npm", "npm registry", "code", "npm_...", "https://docs.npmjs.com/about-access-tokens", "registry.npmjs.org"),
            bearer("slack", "Slack", "collaboration", "xoxb-...", "https://docs.slack.dev/authentication/tokens", "slack.com"),
            new Preset(
                    "notion",
                    "Notion",
                    "collaboration",
                    "ntn_...",
                    "https://developers.notion.com/reference/authentication",
                    List.of(SecretScope.of(
                            literal("api.notion.com"), SecretScope.Type.BEARER, "", "", Map.of("Notion-Version", "2022-06-28")))),
            header("linear", "Linear", "collaboration", "lin_api_...", "https://linear.app/developers", "api.linear.app", "Authorization"),
            bearer("stripe", "Stripe", "payment", "sk_...", "https://docs.stripe.com/api/authentication", "api.stripe.com"),
            bearer("sendgrid", "SendGrid", "mail", "SG....", "https://www.twilio.com/docs/sendgrid/api-reference", "api.sendgrid.com"),
            bearer("tavily", "Tavily", "search", "tvly-...", "https://docs.tavily.com/", "api.tavily.com"),
            header("brave", "Brave Search", "search", "", "https://api-dashboard.search.brave.com/", "api.search.brave.com",
                    "X-Subscription-Token"));

    private VaultPresets() {}

    public static List<Preset> all() {
        return ALL;
    }

    public static Optional<Preset> find(String key) {
        return ALL.stream().filter(preset -> preset.key().equals(key)).findFirst();
    }

    private static String literal(String host) {
        return host.replace(".", "\\.");
    }

    private static Preset bearer(String key, String name, String category, String hint, String docs, String host) {
        return bearerOf(key, name, category, hint, docs, literal(host));
    }

    private static Preset bearerOf(String key, String name, String category, String hint, String docs, String regex) {
        return new Preset(key, name, category, hint, docs, List.of(SecretScope.of(regex, SecretScope.Type.BEARER, "", "", Map.of())));
    }

    private static Preset header(String key, String name, String category, String hint, String docs, String host, String header) {
        SecretScope scope = SecretScope.of(literal(host), SecretScope.Type.HEADER, header, "", Map.of());
        return new Preset(key, name, category, hint, docs, List.of(scope));
    }
}
