package dev.declaw.model.scan;

/// A scanner that can take what it finds out of a text.
public interface Cleaner extends Scanner {
    /// The text without what [#scan] finds in it. Only removes characters, or puts one space for a run of them; cleaning
    /// twice changes nothing more.
    ///
    /// @throws RuntimeException as [#scan]
    String clean(String text);
}
