/// JSON values, read strictly and written compactly: what the wire API needs and no more.
package dev.declaw.sdk.json;
