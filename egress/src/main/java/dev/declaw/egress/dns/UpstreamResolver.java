package dev.declaw.egress.dns;

import dev.declaw.model.network.HostName;
import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// Resolves names for the upstream leg. Policy is asked before and, for every answer, after; nothing is judged here.
public interface UpstreamResolver {
    /// All A records of a name, CNAMEs followed. Completes exceptionally with [ResolutionException] when there is none,
    /// the servers do not answer in time, or an answer is malformed. Never blocks the caller.
    CompletableFuture<List<InetAddress>> resolve(HostName name);

    final class ResolutionException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public ResolutionException(String message) {
            super(message);
        }
    }
}
