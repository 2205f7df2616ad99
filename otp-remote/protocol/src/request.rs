//! [`Request`]: a message from the client.

use otp_core::AccountName;
use otp_core::store::Slot;

use crate::error::Malformed;
use crate::message::{Body, body};
use crate::wire::{Reader, Writer};

/// The kind of a request, which decides what answers it may get. The number is the message's tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Verb {
    /// [`Request::Hello`]
    Hello = 0,
    /// [`Request::Get`]
    Get = 1,
    /// [`Request::GetBoth`]
    GetBoth = 2,
    /// [`Request::Put`]
    Put = 3,
    /// [`Request::PutMany`]
    PutMany = 4,
    /// [`Request::Replace`]
    Replace = 5,
    /// [`Request::Remove`]
    Remove = 6,
    /// [`Request::List`]
    List = 7,
    /// [`Request::Init`]
    Init = 8,
    /// [`Request::Inspect`]
    Inspect = 9,
}

impl Verb {
    /// Every verb, in the order of the tags.
    pub const ALL: [Self; 10] = [
        Self::Hello,
        Self::Get,
        Self::GetBoth,
        Self::Put,
        Self::PutMany,
        Self::Replace,
        Self::Remove,
        Self::List,
        Self::Init,
        Self::Inspect,
    ];

    /// The verb with this tag.
    #[must_use]
    pub fn of_tag(tag: u8) -> Option<Self> {
        Self::ALL.get(usize::from(tag)).copied()
    }
}

/// Which accounts a list covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listing {
    /// All accounts.
    All,
    /// An account and everything below it.
    Below(AccountName),
    /// That account alone.
    Account(AccountName),
}

/// A message from the client. Each request promises what the verb of that name in [`otp_core::Store`] promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Names the store. It is the first request, and occurs only once.
    Hello {
        /// The client's version of the protocol: [`VERSION`](crate::VERSION).
        version: u16,
        /// The store's URL, as the user gave it.
        url: &'a str,
        /// Whether the client is going to write to it.
        writable: bool,
        /// How many milliseconds any request may take. The client waits no longer, so the helper answers a little
        /// earlier: [`Failure::Unavailable`](crate::Failure::Unavailable), naming what it is waiting for.
        patience_ms: u32,
    },
    /// Reads an object.
    Get(Slot),
    /// Reads two objects, the second after the store has answered about the first.
    GetBoth(Slot, Slot),
    /// Puts an object into an empty slot.
    Put(Slot, &'a [u8]),
    /// Puts objects from the front, up to the first whose slot is taken.
    PutMany(Vec<(Slot, &'a [u8])>),
    /// Replaces an object if it equals the expected one.
    Replace {
        /// Its slot.
        slot: Slot,
        /// Its expected bytes.
        expected: &'a [u8],
        /// Its new bytes.
        new: &'a [u8],
    },
    /// Removes an object.
    Remove(Slot),
    /// Lists objects.
    List(Listing),
    /// Checks that the store keeps its promises, and marks it as one that may be written to.
    Init,
    /// Describes the store, for people.
    Inspect,
}

impl<'a> Request<'a> {
    /// The request's verb.
    #[must_use]
    pub fn verb(&self) -> Verb {
        match self {
            Self::Hello { .. } => Verb::Hello,
            Self::Get(_) => Verb::Get,
            Self::GetBoth(..) => Verb::GetBoth,
            Self::Put(..) => Verb::Put,
            Self::PutMany(_) => Verb::PutMany,
            Self::Replace { .. } => Verb::Replace,
            Self::Remove(_) => Verb::Remove,
            Self::List(_) => Verb::List,
            Self::Init => Verb::Init,
            Self::Inspect => Verb::Inspect,
        }
    }

    /// The message, with its length in front.
    ///
    /// # Errors
    ///
    /// [`Malformed::Length`] or [`Malformed::Text`]: a part, or all of it, is too long.
    pub fn encode(&self, id: u32) -> Result<Vec<u8>, Malformed> {
        let mut writer = Writer::new(id, self.verb() as u8);
        match self {
            Self::Hello { version, url, writable, patience_ms } => {
                writer.u16(*version);
                writer.text(url)?;
                writer.flag(*writable);
                writer.u32(*patience_ms);
            }
            Self::Get(slot) | Self::Remove(slot) => writer.slot(slot)?,
            Self::GetBoth(first, second) => {
                writer.slot(first)?;
                writer.slot(second)?;
            }
            Self::Put(slot, bytes) => {
                writer.slot(slot)?;
                writer.blob(bytes)?;
            }
            Self::PutMany(objects) => writer.many(objects, |writer, (slot, bytes)| {
                writer.slot(slot)?;
                writer.blob(bytes)
            })?,
            Self::Replace { slot, expected, new } => {
                writer.slot(slot)?;
                writer.blob(expected)?;
                writer.blob(new)?;
            }
            Self::List(listing) => {
                let (kind, account) = match listing {
                    Listing::All => (0, ""),
                    Listing::Below(account) => (1, account.as_str()),
                    Listing::Account(account) => (2, account.as_str()),
                };
                writer.u8(kind);
                writer.text(account)?;
            }
            Self::Init | Self::Inspect => {}
        }
        writer.finish()
    }

    /// Decodes a message without its length.
    ///
    /// # Errors
    ///
    /// [`Malformed`]. A hello of another version gives [`Malformed::Version`], whatever follows the version.
    pub fn decode(message: &'a [u8]) -> Result<Self, Malformed> {
        let Body { tag, parts, .. } = body(message)?;
        let mut reader = Reader::new(parts);
        let request = match Verb::of_tag(tag).ok_or(Malformed::Tag)? {
            Verb::Hello => {
                let version = reader.u16()?;
                if version != crate::VERSION {
                    return Err(Malformed::Version { theirs: version });
                }
                let (url, writable, patience_ms) = (reader.text()?, reader.flag()?, reader.u32()?);
                Self::Hello { version, url, writable, patience_ms }
            }
            Verb::Get => Self::Get(reader.slot()?),
            Verb::GetBoth => Self::GetBoth(reader.slot()?, reader.slot()?),
            Verb::Put => Self::Put(reader.slot()?, reader.blob()?),
            Verb::PutMany => Self::PutMany(reader.many(|reader| Ok((reader.slot()?, reader.blob()?)))?),
            Verb::Replace => Self::Replace { slot: reader.slot()?, expected: reader.blob()?, new: reader.blob()? },
            Verb::Remove => Self::Remove(reader.slot()?),
            Verb::List => Self::List(listing(reader.u8()?, reader.text()?)?),
            Verb::Init => Self::Init,
            Verb::Inspect => Self::Inspect,
        };
        reader.end()?;
        Ok(request)
    }
}

fn listing(kind: u8, account: &str) -> Result<Listing, Malformed> {
    let name = || AccountName::parse(account).map_err(|_| Malformed::Name);
    match kind {
        0 if account.is_empty() => Ok(Listing::All),
        1 => name().map(Listing::Below),
        2 => name().map(Listing::Account),
        _ => Err(Malformed::Body),
    }
}
