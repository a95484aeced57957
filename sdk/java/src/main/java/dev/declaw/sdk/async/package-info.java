/// The same client without waiting: each call returns a [java.util.concurrent.CompletableFuture].
///
/// ```java
/// AsyncSandbox sandbox = Sandbox.builder().createAsync().join();
/// CompletableFuture<CommandResult> tests = sandbox.commands().run("make test");
/// tests.orTimeout(5, TimeUnit.MINUTES).whenComplete((result, failure) -> sandbox.kill());
/// ```
///
/// A call runs on a thread of this package: a virtual one where the JDK has them (21 and newer), else one of at most 256.
/// Cancelling a future that a call returned ends the call: its thread is interrupted, its request or stream is closed, a
/// command that it runs is killed, and a sandbox whose answer still arrives is killed (one whose request was cut off ends
/// with its timeout). As everywhere in the JDK a
/// future that was derived with `thenApply` and the like does not cancel the one that it came from. Failures are
/// [dev.declaw.sdk.DeclawException]s as the blocking calls throw them, wrapped in a
/// [java.util.concurrent.CompletionException] by `join`.
///
/// All classes are made from the blocking ones by `tools/MakeAsync.java`.
package dev.declaw.sdk.async;
