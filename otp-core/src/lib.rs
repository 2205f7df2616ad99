//! Keeps a credential in two halves that mean nothing apart, with a one-time pad: no server, no master key.
//! "OTP" is short for one-time pad here, never for one-time password.
//!
//! The **record** is what a store holds: a public header, the ciphertext, and a one-time tag over both. The **key** is
//! what the caller holds, as text `otpk1_...`: the pad and the tag's key. The record alone, or the key alone, reveals nothing
//! about the secret but its size class, regardless of computing power. Both together open it; that is their purpose.
//!
//! # Seal and open
//!
//! [`seal()`] and [`open`] work on the caller's buffers, without an allocator: see the example at [`seal()`]. On top of
//! them, with the feature `alloc`, a `Keeper` keeps the accounts of a [`Store`]: it adds accounts, issues and revokes keys,
//! and rotates secrets.
//!
//! ```
//! # #[cfg(feature = "alloc")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let mut rng = <chacha20::ChaCha20Rng as chacha20::rand_core::SeedableRng>::from_seed([7; 32]);
//! # let now = otp_core::UnixTime::from_secs(1_800_000_000).ok_or("after the year 9999")?;
//! use otp_core::{Account, Fields, Grant, Keeper, Key, MemoryStore};
//!
//! let store = MemoryStore::new();
//! let keeper = Keeper::new(&store, now); // with `std`: UnixTime::now()
//!
//! // The administrator, who knows the credential, seals it and gives the key to the caller.
//! let mut account = Account::new();
//! account.set("username", b"report")?;
//! account.set("password", b"correct horse")?;
//! let name = "edms/reporting".parse()?;
//! let key = keeper.add(&name, account.payload(), &Grant::default(), &mut rng)?; // with `getrandom`: random::system()
//! let text = key.to_text();
//! assert!(text.as_str().starts_with("otpk1_"));
//!
//! // The script that the caller starts opens the record with it.
//! let secret = keeper.open(Key::parse_owned(text.as_bytes())?)?;
//! let fields = Fields::decode(secret.expose())?;
//! assert_eq!(fields.get("password"), Some(&b"correct horse"[..]));
//!
//! // One caller is cut off; the others are not.
//! let other = keeper.issue(key, &Grant::default(), &mut rng)?;
//! keeper.revoke(&name, Key::parse_owned(text.as_bytes())?.id())?;
//! assert!(keeper.open(Key::parse_owned(text.as_bytes())?).is_err());
//! assert!(keeper.open(other).is_ok());
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "alloc"))]
//! # fn main() {}
//! ```
//!
//! `examples/embed_std.rs` and `examples/embed_no_std/` are whole programs, the second with a store of its own and without
//! an allocator.
//!
//! # Features
//!
//! | feature | adds |
//! | --- | --- |
//! | (none) | pads, frames, tags, keys of one page or several, records, notes, fields, the [`Store`] trait; `no_std`, no allocator |
//! | `alloc` | owned keys and accounts, `MemoryStore`, `Keeper`; the `Ring` trait, and rotations that keep the keys and may change a database |
//! | `std` | `alloc`, and `UnixTime::now` |
//! | `getrandom` | `random::system`, the system's source of randomness under its health tests |
//! | `testing` | `std`, and a conformance suite for implementations of [`Store`] |
//!
//! # What holds, and what does not
//!
//! - The record alone reveals nothing about the secret but its capacity, regardless of computing power (Shannon 1949), *if
//!   the pad is uniform*. A pad is as good as the source that it is drawn from: a system's CSPRNG is uniform only to those
//!   who can't break it. [`random::Xor`] combines it with another source, and the result is as good as the better one.
//! - [`random::HealthTested`] hands out only what passed its tests, so such a pad is no longer exactly uniform; its
//!   statistical distance from uniform is below 2^-40.
//! - The tag's bound is unconditional too: a forger who has seen one record of a key succeeds with probability at most
//!   `8 * ceil(L/16) / 2^106` per try, for `L` bytes under the tag ([`tag::Tag::compute`]).
//! - All of this holds for each page of a key, which has a pad and a tag key of its own, as long as no page seals
//!   twice. [`seal()`] takes a fresh key by value; `Keeper` seals further pages only after claiming a generation, which
//!   only one run can do. Nothing local prevents a page from sealing twice if ring and store are both restored from
//!   backups of the same time.
//! - Someone who steals a key with pages reads every secret that it is given until it is revoked: rotating does not end
//!   it.
//! - Account names, key ids, capacities, pages, times and holders are public. Anyone who can write the store can delete a
//!   record, bring an old one back, or remove notes; they can't make a record that opens. An administrator with a ring notices
//!   each of these, and what they plant gets no new secret.
//! - Time and memory access do not depend on secret bytes, until a length or a name is handed over to its owner
//!   ([`ct`]). What a compiler makes of this is another matter; the project checks its own builds.
//!
//! # For programs that embed it
//!
//! `poly1305` chooses between AVX2 and portable code at run time. Records are short; for them the portable code is
//! faster and needs no processor detection at start. `RUSTFLAGS="--cfg poly1305_force_soft"` selects it at build time,
//! which a library can't do for the programs that depend on it. Both give the same tags.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", test, otp_ct))]
extern crate std;

pub mod account;
mod base32;
mod buffer;
pub mod checksum;
mod code;
pub mod ct;
pub mod error;
pub mod frame;
pub mod hazmat;
mod hint;
mod id;
#[cfg(feature = "alloc")]
pub mod keeper;
pub mod key;
pub mod name;
pub mod note;
pub mod pad;
pub mod random;
pub mod record;
#[cfg(feature = "alloc")]
pub mod ring;
pub mod seal;
pub mod store;
pub mod tag;
#[cfg(feature = "testing")]
pub mod testing;
mod time;
mod wire;

/// Whether the target needs small code more than fast code.
const IS_SMALL: bool = !cfg!(any(target_pointer_width = "64", target_family = "wasm"));

#[cfg(feature = "alloc")]
pub use account::Account;
pub use account::Fields;
pub use buffer::Buffer;
#[cfg(feature = "alloc")]
pub use buffer::OwnedBuffer;
pub use code::{Code, Coded};
pub use error::Error;
pub use frame::Capacity;
pub use hint::Hint;
pub use id::KeyId;
#[cfg(feature = "alloc")]
pub use keeper::{Grant, KeepError, Keeper};
#[cfg(feature = "alloc")]
pub use key::KeyText;
pub use key::{FreshKey, Key};
pub use name::{AccountName, Holder};
pub use note::Note;
pub use rand_core;
pub use record::{Header, Record, Terms};
#[cfg(feature = "alloc")]
pub use ring::{MemoryRing, Ring};
pub use seal::{Secret, open, open_ignoring_expiry, seal, verify};
#[cfg(feature = "alloc")]
pub use store::MemoryStore;
pub use store::{Kind, Slot, Store};
pub use time::UnixTime;
