//! JSON as pieces of its source text, which is in locked memory.
//!
//! `serde_json` checks the syntax and says where each member's text begins and ends, without copying any of them:
//! members are taken as [`RawValue`], borrowed, and a string is decoded here, into the memory that is to hold it.

use std::fmt;

use base64ct::{Base64, Encoding};
use otp_sys::LockedVec;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::draft::Checked;
use super::fault::ManifestFault;

/// The members of an object, in their order.
pub(super) struct Object<'t>(pub(super) Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<&'de RawValue>()? {
                    let name = name_of(name).ok_or_else(|| A::Error::custom("half a character"))?;
                    members.push((name, map.next_value()?));
                }
                Ok(Object(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// A member's name, which is public.
fn name_of(quoted: &RawValue) -> Option<String> {
    let mut name = LockedVec::with_capacity(0);
    string(quoted.get(), &mut name)?;
    String::from_utf8(name.to_vec()).ok()
}

/// Reads text as one JSON value.
pub(super) fn value(text: &[u8]) -> Checked<&RawValue> {
    serde_json::from_slice(text).map_err(|error| ManifestFault::Syntax { column: error.column() })
}

/// The members of an object; `None` for anything else.
pub(super) fn object(value: &RawValue) -> Checked<Option<Object<'_>>> {
    // Of another type, the library's error would hold a copy of the value.
    if !value.get().starts_with('{') {
        return Ok(None);
    }
    let object: Object<'_> =
        serde_json::from_str(value.get()).map_err(|error| ManifestFault::Syntax { column: error.column() })?;
    for (index, (name, _)) in object.0.iter().enumerate() {
        if object.0[..index].iter().any(|(other, _)| other == name) {
            return Err(ManifestFault::Twice { member: name.clone() });
        }
    }
    Ok(Some(object))
}

/// The elements of an array; `None` for anything else.
pub(super) fn array(value: &RawValue) -> Option<Vec<&RawValue>> {
    if value.get().starts_with('[') { serde_json::from_str(value.get()).ok() } else { None }
}

/// The value at a pointer (RFC 6901).
pub(super) fn at<'t>(mut value: &'t RawValue, pointer: &str) -> Checked<Option<&'t RawValue>> {
    let Some(tokens) = pointer.strip_prefix('/') else {
        return Ok(if pointer.is_empty() { Some(value) } else { None });
    };
    for token in tokens.split('/') {
        let token = token.replace("~1", "/").replace("~0", "~");
        let next = match (object(value)?, array(value)) {
            (Some(object), _) => object.0.into_iter().find(|(name, _)| *name == token).map(|(_, value)| value),
            (None, Some(elements)) => token.parse().ok().and_then(|index: usize| elements.get(index).copied()),
            (None, None) => None,
        };
        match next {
            Some(next) => value = next,
            None => return Ok(None),
        }
    }
    Ok(Some(value))
}

/// A number that is not negative; `None` for anything else.
pub(super) fn number(value: &RawValue) -> Option<u64> {
    value.get().parse().ok()
}

/// Whether it is `null`.
pub(super) fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

/// What a value may be that is kept as bytes.
pub(super) const BYTES: &str = "a string, or an object with a member \"base64\"";

/// Decodes a string, or `{"base64": "..."}`, and appends it. If that fails, `out` stays as it was.
pub(super) fn decode(value: &RawValue, member: &str, out: &mut LockedVec) -> Checked {
    let wrong = |expected| ManifestFault::Type { member: member.to_owned(), expected };
    if value.get().starts_with('"') {
        return string(value.get(), out).ok_or_else(|| wrong("a string of whole characters"));
    }
    let encoded = match object(value)? {
        Some(Object(members)) if members.len() == 1 && members[0].0 == "base64" => members[0].1.get(),
        _ => return Err(wrong(BYTES)),
    };
    // Base64 has no escapes.
    let encoded = encoded.strip_prefix('"').and_then(|text| text.strip_suffix('"')).ok_or_else(|| wrong(BYTES))?;
    let room = out.spare(encoded.len());
    let len = Base64::decode(encoded, room).map_err(|_| wrong("Base64 with padding"))?.len();
    out.advance(len);
    Ok(())
}

/// Decodes a string with its quotes, whose syntax was checked; `None` if an escape is half a character.
pub(super) fn string(quoted: &str, out: &mut LockedVec) -> Option<()> {
    let mut rest = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let start = out.len();
    while let Some(plain) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..plain]);
        let Some((c, after)) = escape(&rest[plain + 1..]) else {
            out.truncate(start);
            return None;
        };
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        rest = after;
    }
    out.extend_from_slice(rest.as_bytes());
    Some(())
}

/// The character of an escape whose backslash has been read, and what follows it (RFC 8259, section 7).
fn escape(text: &str) -> Option<(char, &str)> {
    let (kind, rest) = text.split_at_checked(1)?;
    let c = match kind {
        "b" => '\u{8}',
        "f" => '\u{c}',
        "n" => '\n',
        "r" => '\r',
        "t" => '\t',
        "u" => return unicode(rest),
        other => other.chars().next()?,
    };
    Some((c, rest))
}

/// Four hexadecimal digits, and as many again where they are the first half of a pair of surrogates.
fn unicode(text: &str) -> Option<(char, &str)> {
    let unit = |text: &str| u32::from_str_radix(text.get(..4)?, 16).ok();
    let (first, rest) = (unit(text)?, text.get(4..)?);
    if !(0xd800..0xdc00).contains(&first) {
        return Some((char::from_u32(first)?, rest));
    }
    let second = unit(rest.strip_prefix("\\u")?)?;
    let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    Some((char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + low)?, rest.get(6..)?))
}
