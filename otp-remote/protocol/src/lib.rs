//! The messages between `otp` and a helper, the program that talks to a store on the network, and what both need to
//! know about the store's URL. `docs/stores.md` specifies them.
//!
//! The client starts a helper and writes [`Request`]s to its standard input; the helper writes [`Answer`]s to its standard
//! output, in any order, each with the id of its request. Both sides use this crate, which only encodes and decodes: it opens
//! nothing and waits for nothing.
//!
//! ```
//! use otp_core::store::Slot;
//! use otp_core::{AccountName, KeyId};
//! use otp_remote_protocol::{Answer, Request, Verb, body, take_message};
//!
//! // The client asks.
//! let slot = Slot::record(&AccountName::parse("edms/reporting")?, KeyId::from_bytes([7; 10]));
//! let sent = Request::Get(slot.clone()).encode(1)?;
//!
//! // The helper reads, and answers.
//! let (message, rest) = take_message(&sent)?.ok_or("half a message")?;
//! assert_eq!((body(message)?.id, Request::decode(message)?, rest.len()), (1, Request::Get(slot), 0));
//! let answer = Answer::Object(Some(b"bytes")).encode(1)?;
//!
//! // The client remembers its request.
//! let (message, _) = take_message(&answer)?.ok_or("half a message")?;
//! assert_eq!(Answer::decode(message, Some(Verb::Get))?, Answer::Object(Some(b"bytes")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod answer;
mod error;
mod message;
mod name;
mod parameter;
mod request;
mod wire;

pub use answer::{Answer, Failure, Limits};
pub use error::Malformed;
pub use message::{Body, HEADER_LEN, MAX_MESSAGE, NOTICE, Taken, body, message_len, take_message};
pub use name::{object_name, parse_object_name};
pub use parameter::{PARAMETERS, is_secret, parameters_of};
pub use request::{Listing, Request, Verb};

/// The version of the protocol that this crate speaks.
pub const VERSION: u16 = 1;
