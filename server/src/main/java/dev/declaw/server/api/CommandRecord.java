package dev.declaw.server.api;

import dev.declaw.model.audit.AuditCategory;
import dev.declaw.server.lifecycle.LiveSandbox;
import java.util.Map;

/// The audit event of a command line: what may be shown of it, and its hash.
final class CommandRecord {
    private static final int AUDITED_CHARS_MAX = 200;
    /// What is masked before it is cut to what is recorded, so that nothing is cut in two where it would show.
    private static final int MASKED_CHARS_MAX = 4096;

    private CommandRecord() {}

    /// @throws dev.declaw.model.audit.AuditUnavailableException when it cannot be recorded: then it must not be run (I6)
    static void of(LiveSandbox sandbox, String event, String command, Map<String, String> envs, String user, String mode) {
        String masked = sandbox.mask(command.substring(0, Math.min(command.length(), MASKED_CHARS_MAX)), envs);
        sandbox.record(AuditCategory.COMMAND, event, facts -> facts.text(
                        "command", masked.length() > AUDITED_CHARS_MAX ? masked.substring(0, AUDITED_CHARS_MAX) : masked)
                .text("command_sha256", Sha256.hex(command))
                .text("user", user)
                .text("mode", mode));
    }
}
