package dev.declaw.guardrails.secrets;

import java.util.List;

/// Names of services that give out keys. A random value beside one of them is a key.
final class ProviderNames {
    private static final List<String> NAMES = List.of(
            "adafruit", "adobe", "airtable", "algolia", "alibaba", "amazon", "anthropic", "artifactory", "asana", "atlassian", "jira", "confluence", "authress",
            "azure", "beamer", "bitbucket", "bittrex", "binance", "bintray", "cisco", "clickhouse", "clojars", "cloudflare", "codecov", "cohere", "coinbase",
            "confluent", "contentful", "curseforge", "databricks", "datadog", "digitalocean", "discord", "docker", "doppler", "droneci", "dropbox", "duffel",
            "dynatrace", "easypost", "elastic", "endor", "etsy", "facebook", "fastly", "figma", "finicity", "finnhub", "firebase", "flickr", "flutterwave", "flyio",
            "frameio", "freemius", "freshbooks", "gcp", "github", "gitlab", "gitter", "gocardless", "google", "grafana", "groq", "harness", "hashicorp", "heroku", "hubspot",
            "huggingface", "infracost", "intercom", "intra42", "jfrog", "kraken", "kubernetes", "kucoin", "launchdarkly", "linear", "linkedin", "linode", "lob", "looker", "mailchimp",
            "mailgun", "mandrill", "mapbox", "mattermost", "maxmind", "messagebird", "message-bird", "message_bird", "xray", "contribsys", "microsoft", "mistral", "mixpanel", "mongodb", "netlify", "newrelic", "new-relic", "new_relic", "notion", "npm",
            "nuget", "nytimes", "new-york-times", "octopus", "okta", "openai", "openshift", "pagerduty", "paypal", "perplexity", "pinecone", "plaid", "planetscale", "postman", "prefect", "privateai",
            "pulumi", "pypi", "rapidapi", "razorpay", "readme", "replicate", "rubygems", "scalingo", "segment", "sendbird", "sendgrid", "sendinblue", "sentry", "settlemint", "shippo", "shopify",
            "sidekiq", "slack", "snowflake", "snyk", "sonar", "sourcegraph", "spotify", "square", "squarespace", "stripe", "sumo", "supabase", "teams", "telegram", "travis", "trello", "twilio", "twitch", "twitter",
            "typeform", "vercel", "wandb", "yandex", "zapier", "zendesk", "zoom");

    private static final WordDfa WORDS = new WordDfa(NAMES.toArray(String[]::new));

    private ProviderNames() {}

    static boolean in(char[] text, int start, int end) {
        return WORDS.any(text, start, end);
    }
}
