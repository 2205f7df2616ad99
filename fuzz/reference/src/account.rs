//! The fields of an account.

use crate::bytes::take;
use crate::names::is_free_text;

/// The names that take one byte, in the order of their codes, which start at 1.
pub const WELL_KNOWN_NAMES: [&str; 8] = ["username", "password", "host", "port", "database", "url", "token", "service"];

/// A field's rank in the order of fields.
#[must_use]
pub fn place(name: &str) -> (usize, String) {
    let known = WELL_KNOWN_NAMES.iter().position(|known| *known == name);
    (known.unwrap_or(WELL_KNOWN_NAMES.len()), name.to_owned())
}

/// The fields of an account's payload.
#[must_use]
pub fn fields(payload: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut rest = payload;
    let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
    while !rest.is_empty() {
        let name = match usize::from(take(&mut rest, 1)?[0]) {
            0 => {
                let len = usize::from(take(&mut rest, 1)?[0]);
                let name = String::from_utf8(take(&mut rest, len)?.to_vec()).ok()?;
                (is_free_text(&name, 255) && !WELL_KNOWN_NAMES.contains(&name.as_str())).then_some(name)?
            }
            code => (*WELL_KNOWN_NAMES.get(code - 1)?).to_owned(),
        };
        let len = take(&mut rest, 2)?;
        let value = take(&mut rest, usize::from(len[0]) * 256 + usize::from(len[1]))?;
        if fields.last().is_some_and(|(last, _)| place(last) >= place(&name)) {
            return None;
        }
        fields.push((name, value.to_vec()));
    }
    Some(fields)
}

/// An account's payload from its fields, in any order.
pub fn payload<'a>(fields: impl IntoIterator<Item = (&'a String, &'a Vec<u8>)>) -> Vec<u8> {
    let mut sorted: Vec<_> = fields.into_iter().collect();
    sorted.sort_by_key(|(name, _)| place(name));
    let mut payload = Vec::new();
    for (name, value) in sorted {
        let (code, _) = place(name);
        if code < WELL_KNOWN_NAMES.len() {
            payload.push(u8::try_from(code + 1).unwrap());
        } else {
            payload.extend([0, u8::try_from(name.len()).unwrap()]);
            payload.extend(name.as_bytes());
        }
        payload.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        payload.extend(value);
    }
    payload
}
