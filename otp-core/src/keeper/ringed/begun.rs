//! [`Begun`]: how a rotation began, as its mark says, so that a resume ends as the first run would have (rule 9).

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU8;

use super::ring_keeper::{RingKeeper, ring_failed};
use super::rotate::RingRotation;
use crate::buffer::OwnedBuffer;
use crate::frame::Capacity;
use crate::id::KeyId;
use crate::keeper::KeepError;
use crate::name::AccountName;
use crate::ring::{Entry, Ring, generation};
use crate::store::Store;
use crate::time::UnixTime;

/// How a rotation began, as its mark says.
///
/// As text: the generation, and then the options that are set, separated by spaces:
/// `12 new-keys expires=1893456000 capacity=128 pages=60 end=n4ak3yfor7xhbq2d`.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    /// The generation that the account had reached. Keys whose first page is of a later one were issued by the rotation.
    pub(super) base: u64,
    /// What the rotation was to do.
    pub(super) options: RingRotation,
}

impl Begun {
    /// Reads what [`Display`](fmt::Display) writes.
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mut begun = Self { base: generation(words.next()?.as_bytes())?, options: RingRotation::default() };
        let options = &mut begun.options;
        for word in words {
            match word.split_once('=') {
                None if word == "new-keys" => options.new_keys = true,
                Some(("expires", secs)) => {
                    options.expires = Some(UnixTime::from_secs(generation(secs.as_bytes())?)?);
                }
                Some(("capacity", bytes)) => {
                    let len = bytes.parse().ok()?;
                    options.capacity = Some(Capacity::fitting(len).ok().filter(|capacity| capacity.bytes() == len)?);
                }
                Some(("pages", pages)) => options.pages = Some(pages.parse::<NonZeroU8>().ok()?),
                Some(("end", id)) => options.end_unknown.push(KeyId::parse(id).ok()?),
                _ => return None,
            }
        }
        // Accept only what is written: each word once, in its order, without signs.
        (begun.to_string() == text).then_some(begun)
    }

    /// What a resume is to do: what the rotation was to do when it began, unless the caller says otherwise.
    pub(super) fn resumed(self, given: &RingRotation) -> RingRotation {
        let Self { options: begun, .. } = self;
        let mut end_unknown = begun.end_unknown;
        end_unknown.extend(&given.end_unknown);
        RingRotation {
            expires: given.expires.or(begun.expires),
            capacity: given.capacity.or(begun.capacity),
            pages: given.pages.or(begun.pages),
            new_keys: given.new_keys || begun.new_keys,
            end_unknown,
        }
    }
}

impl fmt::Display for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RingRotation { expires, capacity, pages, new_keys, end_unknown } = &self.options;
        write!(f, "{}", self.base)?;
        if *new_keys {
            f.write_str(" new-keys")?;
        }
        if let Some(at) = expires {
            write!(f, " expires={}", at.as_secs())?;
        }
        if let Some(capacity) = capacity {
            write!(f, " capacity={}", capacity.bytes())?;
        }
        if let Some(pages) = pages {
            write!(f, " pages={pages}")?;
        }
        end_unknown.iter().try_for_each(|id| write!(f, " end={id}"))
    }
}

/// How long the text is assumed to be before it is read.
const FIRST_LEN: usize = 256;

impl<S: Store, R: Ring, M: OwnedBuffer> RingKeeper<'_, '_, S, R, M> {
    /// How a rotation began. A ring that was adopted in the meantime knows only the last finished generation.
    pub(super) fn begun(&self, account: &AccountName, id: KeyId, done: u64) -> Result<Begun, KeepError<S::Error>> {
        let text = self.applying_text(account, id)?;
        let unknown = Begun { base: done, options: RingRotation::default() };
        Ok(text.and_then(|text| Begun::parse(&text)).unwrap_or(unknown))
    }

    fn applying_text(&self, account: &AccountName, id: KeyId) -> Result<Option<String>, KeepError<S::Error>> {
        let mut text: Vec<u8> = vec![0; FIRST_LEN];
        loop {
            let len = self.ring.get(account, Entry::Applying(id), &mut text).map_err(ring_failed)?;
            let Some(len) = len else { return Ok(None) };
            if len <= text.len() {
                text.truncate(len);
                return Ok(String::from_utf8(text).ok());
            }
            text.resize(len, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_comes_back_and_no_other_text_is_one() {
        let id = KeyId::from_bytes([7; 10]);
        let all = RingRotation {
            expires: UnixTime::from_secs(1_893_456_000),
            capacity: Some(Capacity::fitting(100).unwrap()),
            pages: NonZeroU8::new(60),
            new_keys: true,
            end_unknown: vec![id, id],
        };
        for options in [RingRotation::default(), all] {
            let text = Begun { base: 12, options }.to_string();
            assert_eq!(Begun::parse(&text).unwrap().to_string(), text);
        }
        for text in [
            "",
            " ",
            "x",
            "012",
            "1 ",
            "1 new",
            "1 pages=0",
            "1 capacity=65",
            "1 expires=-1",
            "1 end=a",
            "1  new-keys",
            "1 pages=+5",
            "1 new-keys new-keys",
        ] {
            assert!(Begun::parse(text).is_none(), "{text:?}");
        }
    }
}
