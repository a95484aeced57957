/// Client of a Declaw server. Start at [dev.declaw.sdk.Sandbox]. Nothing but the JDK is needed.
module dev.declaw.sdk {
    requires java.net.http;

    exports dev.declaw.sdk;
    exports dev.declaw.sdk.async;
    exports dev.declaw.sdk.json;
    exports dev.declaw.sdk.policy;
}
