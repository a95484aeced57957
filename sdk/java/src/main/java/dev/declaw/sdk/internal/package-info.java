/// HTTP, event streams and checks of arguments. Not for users.
package dev.declaw.sdk.internal;
