//! The grammar of names.

/// Whether a text is 1 to `limit` bytes long and has no control characters: the name of a holder or field.
#[must_use]
pub fn is_free_text(text: &str, limit: usize) -> bool {
    (1..=limit).contains(&text.len())
        && text.chars().all(|c| !('\0'..='\x1f').contains(&c) && !('\x7f'..='\u{9f}').contains(&c))
}

/// Whether a text is the name of an account.
#[must_use]
pub fn is_account_name(text: &str) -> bool {
    let reserved: Vec<String> = ["con", "prn", "aux", "nul"]
        .map(str::to_owned)
        .into_iter()
        .chain((0..10).flat_map(|n| [format!("com{n}"), format!("lpt{n}")]))
        .collect();
    text.len() <= 128
        && text.split('/').all(|part| {
            let stem = part.split('.').next().unwrap().to_owned();
            part.starts_with(|c: char| c.is_ascii_digit() || c.is_ascii_lowercase())
                && part.chars().all(|c| "abcdefghijklmnopqrstuvwxyz0123456789._-".contains(c))
                && !part.ends_with('.')
                && !part.as_bytes().ends_with(b".otp")
                && !reserved.contains(&stem)
        })
}
