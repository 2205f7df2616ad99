//! [`Answer`]: a message from the helper.

use otp_core::store::Slot;

use crate::error::Malformed;
use crate::message::{Body, NOTICE, body};
use crate::request::Verb;
use crate::wire::{Reader, Writer};

const DONE: u8 = 0;
const PART: u8 = 1;
const FAILED: u8 = 2;
const WAITING: u8 = 3;

const CAN_WRITE: u8 = 1;
const IS_INITIALISED: u8 = 2;

/// What a helper can do, and how much at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Whether the store can be written to.
    pub can_write: bool,
    /// Whether [`Request::Init`](crate::Request::Init) has been done. False if nobody looked, as for readers.
    pub is_initialised: bool,
    /// The most bytes of an object.
    pub max_object: u32,
    /// How many requests may be open at a time; at least 1.
    pub max_in_flight: u16,
    /// How many objects one [`Request::PutMany`](crate::Request::PutMany) may have; at least 1.
    pub max_batch: u16,
}

/// Why a request failed. Messages hold the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Failure {
    /// No such bucket, container or server directory. An empty slot is not a failure: it has an answer of its own.
    NotFound = 1,
    /// The store does not let this user do it.
    Denied = 2,
    /// The store can't be reached, or the request's time is up.
    Unavailable = 3,
    /// The object in a slot is not whole, or too long.
    Damaged = 4,
    /// The store is read-only, or ignores the conditions of writes.
    Unsupported = 5,
    /// The store must not be written to before [`Request::Init`](crate::Request::Init).
    NotInitialised = 6,
    /// The URL is wrong.
    Usage = 7,
    /// Anything else.
    Other = 8,
}

impl Failure {
    /// Every kind, in numerical order.
    pub const ALL: [Self; 8] = [
        Self::NotFound,
        Self::Denied,
        Self::Unavailable,
        Self::Damaged,
        Self::Unsupported,
        Self::NotInitialised,
        Self::Usage,
        Self::Other,
    ];

    fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }
}

/// A message from the helper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// To a hello. Encoding writes [`VERSION`](crate::VERSION) in front.
    Hello(Limits),
    /// To a get: the object's bytes, if there is one.
    Object(Option<&'a [u8]>),
    /// To a get of two objects.
    Objects(Option<&'a [u8]>, Option<&'a [u8]>),
    /// To a put: whether this call put the object there.
    Put(bool),
    /// To a put of many: how many objects, from the front, this call put there.
    PutMany(u16),
    /// To a replace: whether the object was replaced.
    Replaced(bool),
    /// To a remove: whether there was an object.
    Removed(bool),
    /// To a list, before [`Listed`](Self::Listed), any number of times: some of the slots, in any order.
    Part(Vec<Slot>),
    /// To a list: the end.
    Listed,
    /// To an init.
    Initialised {
        /// Whether the store had been initialised before.
        before: bool,
    },
    /// To an inspect: keys and values, for people.
    Findings(Vec<(&'a str, &'a str)>),
    /// To any request.
    Failed {
        /// What kind of failure it is.
        kind: Failure,
        /// What failed, in English, without any secret.
        message: &'a str,
    },
    /// To no request, with the id [`NOTICE`]: the helper is waiting for the store.
    Waiting {
        /// The server's name.
        host: &'a str,
        /// The number of the try, from 1.
        attempt: u16,
    },
}

impl<'a> Answer<'a> {
    /// Whether this is the last answer with its id.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::Part(_) | Self::Waiting { .. })
    }

    fn tag(&self) -> u8 {
        match self {
            Self::Part(_) => PART,
            Self::Failed { .. } => FAILED,
            Self::Waiting { .. } => WAITING,
            _ => DONE,
        }
    }

    /// The message, with its length in front.
    ///
    /// # Errors
    ///
    /// [`Malformed::Length`] or [`Malformed::Text`]: a part, or all of it, is too long.
    pub fn encode(&self, id: u32) -> Result<Vec<u8>, Malformed> {
        let mut writer = Writer::new(id, self.tag());
        match self {
            Self::Hello(limits) => {
                writer.u16(crate::VERSION);
                writer.u8(u8::from(limits.can_write) * CAN_WRITE + u8::from(limits.is_initialised) * IS_INITIALISED);
                writer.u32(limits.max_object);
                writer.u16(limits.max_in_flight);
                writer.u16(limits.max_batch);
            }
            Self::Object(object) => writer.object(*object)?,
            Self::Objects(first, second) => {
                writer.object(*first)?;
                writer.object(*second)?;
            }
            Self::Put(yes) | Self::Replaced(yes) | Self::Removed(yes) | Self::Initialised { before: yes } => {
                writer.flag(*yes);
            }
            Self::PutMany(count) => writer.u16(*count),
            Self::Part(slots) => writer.many(slots, Writer::slot)?,
            Self::Listed => {}
            Self::Findings(findings) => writer.many(findings, |writer, (key, value)| {
                writer.text(key)?;
                writer.text(value)
            })?,
            Self::Failed { kind, message } => {
                writer.u8(*kind as u8);
                writer.text(message)?;
            }
            Self::Waiting { host, attempt } => {
                writer.text(host)?;
                writer.u16(*attempt);
            }
        }
        writer.finish()
    }

    /// Decodes a message without its length. `verb` is that of the request with the message's id; `None` for a notice.
    ///
    /// # Errors
    ///
    /// [`Malformed`]. A hello of another version gives [`Malformed::Version`], whatever follows the version.
    pub fn decode(message: &'a [u8], verb: Option<Verb>) -> Result<Self, Malformed> {
        let Body { id, tag, parts } = body(message)?;
        let mut reader = Reader::new(parts);
        let answer = match (tag, verb) {
            (DONE, Some(verb)) => done(verb, &mut reader)?,
            (PART, Some(Verb::List)) => Self::Part(reader.many(Reader::slot)?),
            (FAILED, Some(_)) => {
                let kind = Failure::of_number(reader.u8()?).ok_or(Malformed::Body)?;
                Self::Failed { kind, message: reader.text()? }
            }
            (WAITING, None) if id == NOTICE => Self::Waiting { host: reader.text()?, attempt: reader.u16()? },
            _ => return Err(Malformed::Tag),
        };
        reader.end()?;
        Ok(answer)
    }
}

fn done<'a>(verb: Verb, reader: &mut Reader<'a>) -> Result<Answer<'a>, Malformed> {
    Ok(match verb {
        Verb::Hello => Answer::Hello(limits(reader)?),
        Verb::Get => Answer::Object(reader.object()?),
        Verb::GetBoth => Answer::Objects(reader.object()?, reader.object()?),
        Verb::Put => Answer::Put(reader.flag()?),
        Verb::PutMany => Answer::PutMany(reader.u16()?),
        Verb::Replace => Answer::Replaced(reader.flag()?),
        Verb::Remove => Answer::Removed(reader.flag()?),
        Verb::List => Answer::Listed,
        Verb::Init => Answer::Initialised { before: reader.flag()? },
        Verb::Inspect => Answer::Findings(reader.many(|reader| Ok((reader.text()?, reader.text()?)))?),
    })
}

fn limits(reader: &mut Reader<'_>) -> Result<Limits, Malformed> {
    let version = reader.u16()?;
    if version != crate::VERSION {
        return Err(Malformed::Version { theirs: version });
    }
    let flags = reader.u8()?;
    if flags & !(CAN_WRITE | IS_INITIALISED) != 0 {
        return Err(Malformed::Body);
    }
    let (max_object, max_in_flight, max_batch) = (reader.u32()?, reader.u16()?, reader.u16()?);
    if max_in_flight == 0 || max_batch == 0 {
        return Err(Malformed::Body);
    }
    let (can_write, is_initialised) = (flags & CAN_WRITE != 0, flags & IS_INITIALISED != 0);
    Ok(Limits { can_write, is_initialised, max_object, max_in_flight, max_batch })
}
