//! The names of the objects in a store and of the entries in a ring.

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// An id as text.
#[must_use]
pub fn id_text(id: &[u8; 10]) -> String {
    let number = id.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let letter = |place: usize| ALPHABET[usize::try_from(number >> (75 - 5 * place) & 31).unwrap()];
    (0..16).map(|place| char::from(letter(place))).collect()
}

/// The id that a text stands for.
#[must_use]
pub fn id_of(text: &str) -> Option<[u8; 10]> {
    let value = |letter: u8| ALPHABET.iter().position(|other| *other == letter);
    let values: Vec<usize> = text.bytes().map(value).collect::<Option<_>>()?;
    let number = values.iter().fold(0_u128, |number, value| number << 5 | *value as u128);
    (values.len() == 16).then(|| number.to_be_bytes()[6..].try_into().unwrap())
}

/// The kind and id of an object in a store, from its name.
#[must_use]
pub fn object(name: &str) -> Option<(&'static str, [u8; 10])> {
    let (id, suffix) = name.split_once('.')?;
    let what = match suffix {
        "otp" => "record",
        "note.otp" => "note",
        "rotation.otp" => "rotation",
        "claim.otp" => "claim",
        "staged.otp" => "staged",
        _ => return None,
    };
    Some((what, id_of(id)?))
}

/// The kind of an entry in a ring, and the part of its name before the suffix: the text of an id, or a generation.
#[must_use]
pub fn entry(name: &str) -> Option<(&str, &str)> {
    let (stem, what) = name.split_once('.')?;
    let is_known = match what {
        "key" | "first" | "succeeded" | "ended" | "recovery" | "applying" => id_of(stem).is_some(),
        "spent" | "done" => stem.parse::<u64>().is_ok_and(|generation| generation.to_string() == stem),
        _ => false,
    };
    is_known.then_some((what, stem))
}
