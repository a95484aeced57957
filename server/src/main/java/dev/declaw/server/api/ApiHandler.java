package dev.declaw.server.api;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.auth.ApiKeys;
import dev.declaw.server.auth.Caller;
import dev.declaw.server.auth.Scope;
import dev.declaw.server.metrics.ServerMetrics;
import java.util.List;
import java.util.Optional;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes each request from Jetty on a virtual thread: authenticates, routes, answers, and words every failure.
final class ApiHandler extends Handler.Abstract {
    private static final Logger LOG = LoggerFactory.getLogger(ApiHandler.class);

    /// As proxies count it: there is no status for an answer that nobody took.
    private static final int STATUS_CALLER_GONE = 499;

    private final Router router;
    private final ApiKeys keys;
    private final PortGuard ports;
    private final Errors errors;
    private final ServerMetrics metrics;

    ApiHandler(Router router, ApiKeys keys, PortGuard ports, Errors errors, ServerMetrics metrics) {
        this.metrics = metrics;
        this.router = router;
        this.keys = keys;
        this.ports = ports;
        this.errors = errors;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        // Silence while an endpoint works is no failure; a read or write that is stuck still is one.
        request.addIdleTimeoutListener(_ -> false);
        HttpCall call = new HttpCall(request, response, metrics);
        metrics.begun();
        try {
            call.readUrl();
            serve(call);
            if (!call.answered()) throw new IllegalStateException("an endpoint did not answer");
            call.ended(response.getStatus());
            callback.succeeded();
        } catch (HttpCall.CallerGoneException e) {
            call.ended(STATUS_CALLER_GONE);
            callback.failed(e);
        } catch (Exception | StackOverflowError e) {
            fail(call, response, callback, e);
        }
        return true;
    }

    private void serve(HttpCall call) throws Exception {
        Optional<Router.Match> match = router.find(call.method(), call.segments());
        if (match.isPresent() && match.get().route().open()) {
            call.found(match.get().route());
            call.route(match.get().variables(), null);
            match.get().route().endpoint().serve(call);
            return;
        }
        Caller caller = match.isPresent() && match.get().route().port()
                ? ports.caller(call, match.get().variables().get("id"))
                : keys.caller(call.header("Authorization"), call.header("X-API-Key"));
        Router.Match found = match.orElseThrow(() -> router.unknown(call.method(), call.segments()));
        call.found(found.route());
        authorize(caller, found.route());
        call.route(found.variables(), caller);
        found.route().endpoint().serve(call);
    }

    private static void authorize(Caller caller, Router.Route route) {
        if (Scope.allows(caller.scopes(), route.method(), route.path())) return;
        List<String> needed = Scope.needed(route.path()).stream().sorted().map(Scope::wire).toList();
        throw new PlatformFailure.PermissionDenied(
                "scope_missing", "this API key may not do that; it takes one with the scope " + String.join(" and ", needed));
    }

    private void fail(HttpCall call, Response response, Callback callback, Throwable thrown) {
        Errors.Answer answer = errors.answer(thrown);
        if (response.isCommitted()) {
            call.ended(answer.status());
            LOG.warn("{} a response could not be finished", answer.body().path("reference").textValue());
            callback.failed(thrown); // cuts the connection, so that nobody takes the part for the whole
            return;
        }
        try {
            if (StreamedErrors.apply(call)) StreamedErrors.send(call, answer);
            else call.fail(answer);
            call.ended(answer.status());
            callback.succeeded();
        } catch (HttpCall.CallerGoneException e) {
            call.ended(STATUS_CALLER_GONE);
            callback.failed(e);
        }
    }
}
