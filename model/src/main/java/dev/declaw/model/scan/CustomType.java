package dev.declaw.model.scan;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// A kind of personal data that an operator describes: values of a pattern or of a list, with a check and with words that must stand
/// near. It is redacted and turned back like the built-in kinds. Immutable.
///
/// @param name lower-case letters and `_`, as in policies and tokens (`employee_id`, `REDACTED_EMPLOYEE_ID_1`); no built-in kind's
/// @param pattern RE2 syntax (linear time), matched anywhere outside words; null for a list
/// @param dictionary words and phrases, in any case, matched as whole words; empty for a pattern
/// @param check what the digits or letters of a match must fulfil
/// @param contextWords of which one must stand within [#contextChars] characters before a match, in any case; none needed when empty
/// @param contextChars how far before, in characters
/// @param confidence of a finding, above 0 to 1
public record CustomType(
        String name, Pattern pattern, List<String> dictionary, Check check, List<String> contextWords, int contextChars, double confidence) {
    public static final int NAME_CHARS_MAX = 40;
    public static final int PATTERN_CHARS_MAX = 512;
    /// Instructions of a compiled pattern; repetitions multiply them.
    public static final int PATTERN_STEPS_MAX = 1_000;
    public static final int DICTIONARY_ENTRIES_MAX = 10_000;
    public static final int ENTRY_CHARS_MAX = 128;
    public static final int CONTEXT_WORDS_MAX = 64;
    public static final int CONTEXT_CHARS_MAX = 200;
    /// How many of them one policy may have.
    public static final int TYPES_MAX = 32;

    /// Check digits.
    public enum Check {
        NONE,
        /// ISO/IEC 7812-1: cards, IMEI.
        LUHN,
        /// ISO/IEC 7064 MOD 97-10, the first four characters counted last: IBAN and LEI-like numbers.
        MOD97,
        /// ISO/IEC 7064 MOD 11,10.
        MOD11_10,
        VERHOEFF
    }

    public CustomType {
        Objects.requireNonNull(check);
        dictionary = List.copyOf(dictionary);
        contextWords = List.copyOf(contextWords);
        require(name.matches("[a-z][a-z_]*[a-z]") && name.length() <= NAME_CHARS_MAX, "the name '" + name + "' must be lower-case letters and _, at most " + NAME_CHARS_MAX);
        require(PiiType.parse(name).isEmpty(), "'" + name + "' is a built-in kind");
        require((pattern == null) != dictionary.isEmpty(), "'" + name + "' needs either a pattern or a dictionary");
        require(dictionary.size() <= DICTIONARY_ENTRIES_MAX, "the dictionary of '" + name + "' has more than " + DICTIONARY_ENTRIES_MAX + " entries");
        for (String entry : dictionary) {
            require(entry.strip().length() >= 2 && entry.length() <= ENTRY_CHARS_MAX, "an entry of '" + name + "' is not 2 to " + ENTRY_CHARS_MAX + " characters long");
        }
        require(contextWords.size() <= CONTEXT_WORDS_MAX, "'" + name + "' has more than " + CONTEXT_WORDS_MAX + " context words");
        for (String word : contextWords) {
            require(!word.isBlank() && word.length() <= ENTRY_CHARS_MAX, "a context word of '" + name + "' is not 1 to " + ENTRY_CHARS_MAX + " characters long");
        }
        require(contextChars >= 0 && contextChars <= CONTEXT_CHARS_MAX, "context_chars of '" + name + "' is not 0 to " + CONTEXT_CHARS_MAX);
        require(confidence > 0 && confidence <= 1, "the confidence of '" + name + "' is not above 0 to 1");
    }

    /// A kind with a pattern.
    ///
    /// @throws IllegalArgumentException when it is no pattern, or too large; the message says what to mend
    public static CustomType ofPattern(String name, String pattern, Check check, List<String> contextWords, int contextChars, double confidence) {
        require(!pattern.isEmpty() && pattern.length() <= PATTERN_CHARS_MAX, "the pattern of '" + name + "' is not 1 to " + PATTERN_CHARS_MAX + " characters long");
        Pattern compiled;
        try {
            compiled = Pattern.compile(pattern);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException("the pattern of '" + name + "' is not RE2: " + e.getDescription());
        }
        require(compiled.programSize() <= PATTERN_STEPS_MAX, "the pattern of '" + name + "' is too large: shorten its repetitions");
        require(!compiled.matcher("").matches(), "the pattern of '" + name + "' matches the empty text");
        return new CustomType(name, compiled, List.of(), check, contextWords, contextChars, confidence);
    }

    /// A kind with a list of words and phrases.
    public static CustomType ofDictionary(String name, List<String> entries, List<String> contextWords, int contextChars, double confidence) {
        return new CustomType(name, null, entries, Check.NONE, contextWords, contextChars, confidence);
    }

    /// The pattern, if that is what it has.
    public Optional<Pattern> patternIfAny() {
        return Optional.ofNullable(pattern);
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) throw new IllegalArgumentException(otherwise);
    }
}
