package dev.declaw.runtime.guest;

/// Text that a guest made up, before anybody sees it.
final class GuestText {
    private GuestText() {}

    /// At most `charactersMax` characters, with control characters and unpaired surrogates made visible: they could hide or
    /// forge lines in a log or steer a terminal.
    static String clean(String text, int charactersMax) {
        String cut = text.length() <= charactersMax ? text : text.substring(0, charactersMax);
        return cut.replaceAll("[\\p{Cntrl}\\p{Cs}]", "\uFFFD");
    }
}
