//! Account names out of what other programs call their entries.

/// The name of an account for a title, which may be a path: in lower case, with `-` for whatever a name can't have.
///
/// The result may still not be a name, as for a title without any letter or digit; it is then refused as one.
pub(super) fn account_name(title: &str) -> String {
    let segments: Vec<String> = title.split('/').map(segment).filter(|segment| !segment.is_empty()).collect();
    segments.join("/")
}

fn segment(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for c in text.chars().map(|c| c.to_ascii_lowercase()) {
        match c {
            'a'..='z' | '0'..='9' | '.' | '_' => made.push(c),
            // One for many, and none at the start.
            _ if !made.is_empty() && !made.ends_with('-') => made.push('-'),
            _ => {}
        }
    }
    made.trim_start_matches(['.', '_', '-']).trim_end_matches(['.', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_becomes_a_name() {
        for (title, name) in [
            ("Passwords/Data bases/Prod (EU)", "passwords/data-bases/prod-eu"),
            ("edms/reporting", "edms/reporting"),
            ("/a//b /", "a/b"),
            ("Zo\u{eb}'s DB", "zo-s-db"),
            ("..x_1.", "x_1"),
            ("\u{4f60}", ""),
        ] {
            assert_eq!(account_name(title), name);
        }
    }
}
