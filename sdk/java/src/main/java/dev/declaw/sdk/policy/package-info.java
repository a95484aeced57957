/// Security policies as values: checked when they are made, before anything is sent.
package dev.declaw.sdk.policy;
