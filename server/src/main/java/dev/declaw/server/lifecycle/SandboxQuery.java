package dev.declaw.server.lifecycle;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.model.sandbox.SandboxState;
import dev.declaw.server.store.SandboxRow;
import dev.declaw.server.store.SandboxTable;
import java.nio.charset.StandardCharsets;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Which sandboxes a list asks for.
///
/// @param states states to show; empty for all but killed
/// @param metadata pairs that must all be in a sandbox's metadata
/// @param token of the page before; empty for the first page
/// @param offset matches to skip, beside the token
public record SandboxQuery(
        Set<SandboxState> states, Map<String, String> metadata, Optional<String> token, int offset, int limit) {
    public static final int LIMIT_DEFAULT = 100;
    public static final int LIMIT_MAX = 1000;

    private static final Pattern TOKEN = Pattern.compile("([0-9]{1,18}):([a-z0-9-]{1,64})");

    public SandboxQuery {
        states = Set.copyOf(states);
        metadata = Map.copyOf(metadata);
        if (limit < 1 || limit > LIMIT_MAX || offset < 0) throw new IllegalArgumentException("page out of range");
    }

    SandboxPage run(SandboxTable table, String owner) {
        Set<SandboxState> wanted = states.isEmpty() ? Sandboxes.visibleStates() : states;
        Optional<SandboxTable.Cursor> after = token.map(SandboxQuery::cursor);
        if (metadata.isEmpty()) {
            SandboxTable.Page page = table.page(owner, wanted, after, offset, limit + 1);
            return page(page.rows(), page.total());
        }
        return filtered(table, owner, wanted, after);
    }

    /// Metadata is no column: all rows of the owner are read, in pages, and matched here.
    private SandboxPage filtered(
            SandboxTable table, String owner, Set<SandboxState> wanted, Optional<SandboxTable.Cursor> after) {
        List<SandboxRow> matches = new ArrayList<>();
        int total = 0;
        boolean behindToken = after.isEmpty();
        Optional<SandboxTable.Cursor> position = Optional.empty();
        while (true) {
            List<SandboxRow> rows = table.page(owner, wanted, position, 0, LIMIT_MAX).rows();
            for (SandboxRow row : rows) {
                boolean match = StoredJson.readMap(row.metadata()).entrySet().containsAll(metadata.entrySet());
                if (match) total++;
                if (match && behindToken) matches.add(row);
                if (after.isPresent() && row.id().equals(after.get().id())) behindToken = true;
            }
            if (rows.size() < LIMIT_MAX) break;
            position = Optional.of(cursor(rows.getLast()));
        }
        List<SandboxRow> page = matches.stream().skip(offset).limit(limit + 1L).toList();
        return page(page, total);
    }

    /// @param rows one more than the limit when there is a next page
    private SandboxPage page(List<SandboxRow> rows, int total) {
        List<SandboxRow> shown = rows.size() > limit ? rows.subList(0, limit) : rows;
        Optional<String> next =
                rows.size() > limit ? Optional.of(token(cursor(shown.getLast()))) : Optional.empty();
        return new SandboxPage(shown.stream().map(SandboxInfo::of).toList(), total, next);
    }

    private static SandboxTable.Cursor cursor(SandboxRow row) {
        return new SandboxTable.Cursor(ChronoUnit.MICROS.between(java.time.Instant.EPOCH, row.created()), row.id());
    }

    private static String token(SandboxTable.Cursor cursor) {
        String text = cursor.createdMicros() + ":" + cursor.id();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static SandboxTable.Cursor cursor(String token) {
        try {
            String text = new String(Base64.getUrlDecoder().decode(token), StandardCharsets.US_ASCII);
            Matcher matcher = TOKEN.matcher(text);
            if (matcher.matches()) return new SandboxTable.Cursor(Long.parseLong(matcher.group(1)), matcher.group(2));
        } catch (IllegalArgumentException _) {
            // not Base64: refused below like any other text
        }
        throw new PlatformFailure.InvalidRequest("invalid_next_token", "next_token is not one that this server gave out");
    }
}
