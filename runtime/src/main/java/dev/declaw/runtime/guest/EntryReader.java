package dev.declaw.runtime.guest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.runtime.guest.GuestClient.FileEntry;
import java.util.Optional;

/// Reads a file entry of the agent. Names may hold any character that a file name may; who prints them cleans them.
final class EntryReader {
    private static final int MODE_MAX = 07777;

    private EntryReader() {}

    static FileEntry read(JsonNode json) throws GuestProtocolException {
        JsonNode size = json.path("size");
        JsonNode mode = json.path("mode");
        JsonNode modified = json.path("modified_millis");
        if (!size.isIntegralNumber() || size.longValue() < 0 || !mode.isInt() || !modified.isIntegralNumber()) {
            throw new GuestProtocolException("not a file entry");
        }
        return new FileEntry(
                text(json.path("name")),
                text(json.path("path")),
                json.path("dir").asBoolean(),
                size.longValue(),
                mode.intValue() & MODE_MAX,
                GuestText.clean(json.path("owner").asText(), 64),
                modified.longValue(),
                json.has("link") ? Optional.of(text(json.path("link"))) : Optional.empty());
    }

    static String text(JsonNode value) throws GuestProtocolException {
        if (!value.isTextual() || value.textValue().length() > WireLimits.TEXT_CHARACTERS_MAX) {
            throw new GuestProtocolException("not a file name");
        }
        return value.textValue();
    }
}
