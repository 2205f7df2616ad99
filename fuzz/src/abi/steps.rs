//! The steps that arbitrary bytes describe. Most are valid, so that sequences get somewhere.

use arbitrary::Arbitrary;

use super::given::{Bytes, Fields, Granted, Passed, Text};
use crate::change::Change;

/// A name: mostly one of a few, sometimes any bytes, sometimes NULL.
#[derive(Arbitrary, Debug)]
pub(super) struct Name<'a>(u8, &'a [u8]);

impl Name<'_> {
    pub(super) fn account(&self) -> Text {
        self.pick(&["a", "a/b", "z"], &["", "A", "a/", "../a", "a.otp"])
    }

    pub(super) fn field(&self) -> Text {
        self.pick(&["username", "password", "host", "other"], &["", "\u{1}", "\u{e9}"])
    }

    fn holder(&self) -> Text {
        self.pick(&["nightly", "\u{e9}"], &["", "\n", "\u{202e}"])
    }

    pub(super) fn prefix(&self) -> Text {
        self.pick(&["", "a", "a/", "z"], &["/", "a//", "b", "\u{e9}"])
    }

    fn pick(&self, good: &[&str], odd: &[&str]) -> Text {
        let number = usize::from(self.0);
        match self.0 {
            0..200 => Some(good[number % good.len()].into()),
            200..225 => Some(odd[number % odd.len()].into()),
            225..250 => Some(self.1.to_vec()),
            _ => None,
        }
    }
}

#[derive(Arbitrary, Debug)]
pub(super) struct Value<'a>(u8, &'a [u8]);

impl Value<'_> {
    pub(super) fn bytes(&self) -> Bytes {
        match self.0 {
            255 => Bytes::Null { len: 3 },
            254 => Bytes::Huge(self.1.to_vec()),
            253 => Bytes::Null { len: 0 },
            252 => Bytes::Here(self.1.repeat(300)),
            _ => Bytes::Here(self.1.to_vec()),
        }
    }
}

#[derive(Arbitrary, Debug)]
pub(super) struct Grant<'a> {
    odd: u8,
    holder: Option<Name<'a>>,
    expires: u8,
    capacity: u8,
}

impl Grant<'_> {
    pub(super) fn granted(&self) -> Granted {
        Granted {
            passed: match self.odd {
                0..225 => Passed::Well,
                225..230 => Passed::WrongSize,
                230..235 => Passed::Misaligned,
                _ => Passed::Null,
            },
            allow_empty_password: self.odd % 2 == 1,
            holder: self.holder.as_ref().and_then(Name::holder),
            expires: pick(self.expires, &[0, 4_102_444_800, 253_402_300_799], &[1, 253_402_300_800, u64::MAX]),
            capacity: pick(self.capacity, &[0, 64, 128, 256, 1024], &[65, 65_535, 65_600, u32::MAX]),
            // Taken from the same bytes, so that seeds keep their meaning.
            pages: pick(self.capacity.rotate_left(4), &[0, 0, 1, 9], &[256, u32::MAX]),
            reserved: self.odd == 224,
        }
    }
}

fn pick<T: Copy>(number: u8, good: &[T], odd: &[T]) -> T {
    let from = if number < 230 { good } else { odd };
    from[usize::from(number) % from.len()]
}

/// Fields: up to two that are valid if their values are, and perhaps one more.
#[derive(Arbitrary, Debug)]
pub(super) struct Several<'a> {
    odd: u8,
    values: [Value<'a>; 2],
    more: Option<(Name<'a>, Value<'a>)>,
}

impl Several<'_> {
    pub(super) fn fields(&self) -> Fields {
        let known = ["username", "password"].into_iter().zip(&self.values).skip(usize::from(self.odd) % 3);
        let mut list: Vec<_> = known.map(|(name, value)| (Some(name.into()), value.bytes())).collect();
        list.extend(self.more.iter().map(|(name, value)| (name.field(), value.bytes())));
        let passed = match self.odd {
            0..240 => Passed::Well,
            240..250 => Passed::Misaligned,
            _ => Passed::Null,
        };
        Fields { passed, list }
    }
}

/// Where a key and its record come from.
#[derive(Arbitrary, Debug)]
pub(super) struct Source<'a> {
    pub(super) odd: u8,
    pub(super) key: u8,
    pub(super) change: (u8, Change),
    pub(super) way: u8,
    pub(super) account: Option<Name<'a>>,
    pub(super) by_record: bool,
    pub(super) any_mode: bool,
}

/// A handle: an open one, a freed one, or any number.
#[derive(Arbitrary, Debug)]
pub(super) enum Handle {
    Given(u8),
    Freed(u8),
    Any(usize),
}

/// An index: mostly one of the first.
#[derive(Arbitrary, Debug)]
pub(super) struct Index(u8);

impl Index {
    pub(super) fn number(&self) -> usize {
        if self.0 < 240 { usize::from(self.0) % 3 } else { usize::MAX - usize::from(self.0 % 2) }
    }
}

#[derive(Arbitrary, Debug)]
pub(super) enum Step<'a> {
    AccountOpen(Source<'a>),
    Seal { account: Name<'a>, secret: Value<'a>, grant: Grant<'a>, record: u8, key: u8 },
    Open { which: u8, key: Option<Change>, record: Option<Change>, odd: u8, room: u8 },
    Wipe(Option<u8>),
    AccountAdd { store: u8, account: Name<'a>, fields: Several<'a>, grant: Grant<'a> },
    AccountRotate { source: Source<'a>, fields: Several<'a>, grant: Grant<'a>, grace: u8, answer: Option<i8> },
    AccountRemove { store: u8, account: Name<'a> },
    AccountInfo { store: u8, account: Name<'a>, most: u8 },
    KeyIssue(Source<'a>, Grant<'a>),
    KeyVerify(Source<'a>),
    KeyRevoke { store: u8, account: Name<'a>, key: u8, odd: u8 },
    StoreList { store: u8, prefix: Name<'a>, most: u8 },
    StoreVerify { store: u8, prefix: Name<'a>, ask: bool, damage: Option<u8> },
    Account(Handle),
    Field(Handle, Name<'a>),
    FieldAt(Handle, Index),
    AccountFree(Handle),
    KeysAt(Handle, Index),
    KeysWrite { handle: Handle, index: Index, path: u8 },
    KeysFree(Handle),
    NoRoom(Handle, bool),
}
