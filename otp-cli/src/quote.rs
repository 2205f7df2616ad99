//! Quoting for a shell, for the commands in hints.

use std::ffi::OsStr;
use std::path::Path;

/// A path as a shell takes it for one word, and the command that gets it for a path.
pub(crate) fn quote(path: &Path) -> String {
    if path.as_os_str().as_encoded_bytes().starts_with(b"-") {
        // Not an option, and not standard input.
        return word(Path::new(".").join(path).as_os_str());
    }
    word(path.as_os_str())
}

/// Any text as a shell takes it for one word.
pub(crate) fn word(text: &OsStr) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+:@,".contains(byte);
    match text.to_str() {
        Some(text) if !text.is_empty() && text.bytes().all(|byte| is_plain(&byte)) => text.to_owned(),
        Some(text) if !text.chars().any(char::is_control) => {
            let quote = if cfg!(windows) { "''" } else { "'\\''" };
            format!("'{}'", text.replace('\'', quote))
        }
        _ => escaped(text.as_encoded_bytes()),
    }
}

/// The notation `$'...'` of POSIX (2024), which bash, ksh and zsh know, for what a terminal can't show as it is.
fn escaped(bytes: &[u8]) -> String {
    let mut word = String::from("$'");
    let octal = |bytes: &[u8], word: &mut String| bytes.iter().for_each(|byte| word.push_str(&format!("\\{byte:03o}")));
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' | '\\' => word.extend(['\\', c]),
                c if c.is_control() => octal(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut word),
                c => word.push(c),
            }
        }
        octal(chunk.invalid(), &mut word);
    }
    word.push('\'');
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_for_a_shell() {
        for (path, word) in [
            ("/a/b.key", "/a/b.key"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("$x", "'$x'"),
            ("", "''"),
            ("~", "'~'"),
            ("-rf", "./-rf"),
            ("- ", "'./- '"),
            ("\u{e9}", "'\u{e9}'"),
            ("a\n'\\", "$'a\\012\\'\\\\'"),
            ("\u{85}1", "$'\\302\\2051'"),
        ] {
            assert_eq!(quote(Path::new(path)), word);
        }
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_kept() {
        let path = std::os::unix::ffi::OsStrExt::from_bytes(b"a\xff'\xc3\x29");
        assert_eq!(quote(Path::new::<OsStr>(path)), "$'a\\377\\'\\303)'");
    }
}
