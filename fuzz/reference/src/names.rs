//! The grammar of names.

use std::ops::RangeInclusive;

/// What a holder's or field's name must not contain: control characters, marks of text direction, and separators of
/// lines and paragraphs.
const UNPRINTABLE: [RangeInclusive<u32>; 6] =
    [0x00..=0x1f, 0x7f..=0x9f, 0x061c..=0x061c, 0x200e..=0x200f, 0x2028..=0x202e, 0x2066..=0x2069];

/// Whether a text is a valid name of a holder or field: 1 to `limit` bytes, with nothing unprintable.
#[must_use]
pub fn is_free_text(text: &str, limit: usize) -> bool {
    let unprintable = |c| UNPRINTABLE.iter().any(|range| range.contains(&u32::from(c)));
    (1..=limit).contains(&text.len()) && !text.chars().any(unprintable)
}

/// Whether a text is a valid account name.
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
