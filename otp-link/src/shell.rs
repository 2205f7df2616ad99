//! Paths as a shell takes them, for the commands in hints.

use std::ffi::OsStr;
use std::path::Path;

#[cfg(unix)]
use otp_core::name::is_unprintable;

/// A path quoted as one word for a shell, and the command that gets the word for a path.
///
/// What a terminal can't show as it is appears in it as `$'...'` of POSIX (2024), which bash, ksh and zsh know.
#[must_use]
pub fn shell_word(path: &Path) -> String {
    if path.as_os_str().as_encoded_bytes().starts_with(b"-") {
        // Not an option, and not standard input.
        return quoted(Path::new(".").join(path).as_os_str());
    }
    quoted(path.as_os_str())
}

/// In double quotes, which `cmd` and PowerShell both know and which no path contains; in single quotes if it has
/// something that PowerShell changes in double ones.
#[cfg(windows)]
fn quoted(text: &OsStr) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/\\._-+:".contains(byte);
    let text = text.to_string_lossy();
    match text.as_ref() {
        text if !text.is_empty() && text.bytes().all(|byte| is_plain(&byte)) => text.to_owned(),
        text if text.contains(['$', '`', '\u{201c}', '\u{201d}', '\u{201e}']) => {
            format!("'{}'", text.replace('\'', "''"))
        }
        // A backslash at the end would take the quote with it.
        text => format!("\"{}\"", text.trim_end_matches('\\')),
    }
}

#[cfg(unix)]
fn quoted(text: &OsStr) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+:@,".contains(byte);
    match text.to_str() {
        Some(text) if !text.is_empty() && text.bytes().all(|byte| is_plain(&byte)) => text.to_owned(),
        Some(text) if !text.chars().any(is_unprintable) => format!("'{}'", text.replace('\'', "'\\''")),
        _ => escaped(text.as_encoded_bytes()),
    }
}

#[cfg(unix)]
fn escaped(bytes: &[u8]) -> String {
    let mut word = String::from("$'");
    let octal = |bytes: &[u8], word: &mut String| bytes.iter().for_each(|byte| word.push_str(&format!("\\{byte:03o}")));
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' | '\\' => word.extend(['\\', c]),
                c if is_unprintable(c) => octal(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut word),
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

    #[cfg(windows)]
    #[test]
    fn a_path_is_one_word_for_both_shells() {
        for (path, word) in [
            (r"C:\a\b.key", r"C:\a\b.key"),
            (r"\\server\share\b", r"\\server\share\b"),
            (r"C:\a b\", r#""C:\a b""#),
            ("it's", "\"it's\""),
            ("a,b@c", "\"a,b@c\""),
            ("$x's", "'$x''s'"),
            ("", "\"\""),
            ("-rf", r".\-rf"),
        ] {
            assert_eq!(shell_word(Path::new(path)), word);
        }
    }

    #[cfg(unix)]
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
            ("\u{202e}", "$'\\342\\200\\256'"),
        ] {
            assert_eq!(shell_word(Path::new(path)), word);
        }
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_not_text_are_kept() {
        use std::os::unix::ffi::OsStrExt;
        assert_eq!(shell_word(Path::new(OsStr::from_bytes(b"a\xff'\xc3)"))), "$'a\\377\\'\\303)'");
    }
}
