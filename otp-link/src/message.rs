//! What messages and hints must not show: keys, and characters that change how a terminal shows the rest.

use otp_core::key::PREFIX;

/// A run of this many characters of the key alphabet may be a key, with or without its prefix.
const RUN: usize = 64;

/// Cuts from a message whatever may be a key, such as one that was passed instead of a path or a name, and escapes what
/// could change how a terminal shows the rest.
///
/// Everything between a key's prefix and the next character that no key has becomes `...`, and so does every run of 64 or more
/// characters of the key alphabet. Control characters, marks of text direction and line separators are escaped.
#[must_use]
pub fn redact(message: &str) -> String {
    let mut shown = String::with_capacity(message.len());
    let mut rest = message;
    while !rest.is_empty() {
        let word_len = rest.find(|c: char| !may_be_in_a_key(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(word_len);
        shown.push_str(&redact_word(word));
        rest = after;
        if let Some(c) = rest.chars().next() {
            if otp_core::name::is_unprintable(c) {
                shown.extend(c.escape_unicode());
            } else {
                shown.push(c);
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    shown
}

/// A key's text, or a part of it: base32 in either case, and the underscore of the prefix.
fn may_be_in_a_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn redact_word(word: &str) -> String {
    if let Some(found) = word.to_ascii_lowercase().find(PREFIX) {
        let start = found + PREFIX.len();
        let hidden = if start < word.len() { "..." } else { "" };
        return format!("{}{hidden}", &word[..start]);
    }
    let mut shown = String::with_capacity(word.len());
    let mut rest = word;
    while !rest.is_empty() {
        let run = rest.find(|c: char| !matches!(c, 'a'..='z' | 'A'..='Z' | '2'..='7')).unwrap_or(rest.len());
        shown.push_str(if run >= RUN { "..." } else { &rest[..run] });
        let end = rest.len().min(run + 1);
        shown.push_str(&rest[run..end]);
        rest = &rest[end..];
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_shows_a_key() {
        let bare = "aebagba7".repeat(8);
        for (message, shown) in [
            ("no such file otpk1_aebagba7", "no such file otpk1_..."),
            ("OTPK1_AEBA, otpk1_aeba", "OTPK1_..., otpk1_..."),
            ("it does not start with otpk1_", "it does not start with otpk1_"),
            ("otpk1_; otpk1_otpk1_a", "otpk1_; otpk1_..."),
            ("/keys/\u{e4}/otpk1_aeba.key", "/keys/\u{e4}/otpk1_....key"),
            ("\u{1b}[2J\t\u{202e}\u{2028}\u{e4}", "\\u{1b}[2J\\u{9}\\u{202e}\\u{2028}\u{e4}"),
            ("", ""),
        ] {
            assert_eq!(redact(message), shown);
        }
        for (around, shown) in [("", "..."), ("x9", "x9..."), ("otpk1-", "otpk1-..."), ("/tmp/", "/tmp/...")] {
            assert_eq!(redact(&format!("{around}{bare}")), shown);
            assert_eq!(redact(&format!("{around}{}", bare.to_uppercase())), shown);
        }
        assert_eq!(redact(&bare[..63]), bare[..63], "shorter runs are words");
    }
}
