package dev.declaw.server.lifecycle;

import java.util.List;
import java.util.Optional;

/// One page of a list, newest first.
///
/// @param total matches before the page was cut
/// @param nextToken where the next page starts; empty when this is the last
public record SandboxPage(List<SandboxInfo> sandboxes, int total, Optional<String> nextToken) {
    public SandboxPage {
        sandboxes = List.copyOf(sandboxes);
    }
}
