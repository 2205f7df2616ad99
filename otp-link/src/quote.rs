//! Quoting for a shell.

use std::path::Path;

/// A path as one word for a shell, for a command line that a hint shows.
#[must_use]
pub fn quote(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_for_a_shell() {
        for (path, word) in
            [("/a/b.key", "/a/b.key"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("$x", "'$x'"), ("", "''")]
        {
            assert_eq!(quote(Path::new(path)), word);
        }
    }
}
