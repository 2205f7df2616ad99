//! What messages and hints are made of: no keys, and paths that a shell takes as they are.

use std::path::Path;

use otp_core::key::PREFIX;

/// Cuts from a message what looks like a key, say one that was passed in the place of a path or a name.
///
/// Everything between a key's prefix and the next character that no key has becomes `...`.
#[must_use]
pub fn hide_keys(message: &str) -> String {
    let lower = message.to_ascii_lowercase();
    let mut shown = String::with_capacity(message.len());
    let mut from = 0;
    while let Some(found) = lower[from..].find(PREFIX) {
        let start = from + found + PREFIX.len();
        let rest = &message[start..];
        // An underscore would end the search for a key behind a prefix that was typed twice.
        let len = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        shown.push_str(&message[from..start]);
        if len > 0 {
            shown.push_str("...");
        }
        from = start + len;
    }
    shown.push_str(&message[from..]);
    shown
}

/// A path as a shell takes it for one word.
#[must_use]
pub fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_shows_a_key() {
        for (message, shown) in [
            ("no such file otpk1_aebagba7\n", "no such file otpk1_...\n"),
            ("OTPK1_AEBA, otpk1_aeba", "OTPK1_..., otpk1_..."),
            ("it does not start with otpk1_", "it does not start with otpk1_"),
            ("otpk1_; otpk1_otpk1_a", "otpk1_; otpk1_..."),
            ("/keys/\u{e4}/otpk1_aeba.key", "/keys/\u{e4}/otpk1_....key"),
            ("", ""),
        ] {
            assert_eq!(hide_keys(message), shown);
        }
    }

    #[test]
    fn a_path_is_one_word_for_a_shell() {
        for (path, word) in
            [("/a/b.key", "/a/b.key"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("$x", "'$x'"), ("", "''")]
        {
            assert_eq!(shell_word(Path::new(path)), word);
        }
    }
}
