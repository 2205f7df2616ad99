//! Options that several commands share, and what they mean.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::ffi::{OsStr, OsString};
use std::num::NonZeroU8;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use otp_core::UnixTime;
use otp_link::{Entropy, Key, KeyFileMode, KeySource, KeyTerms, Place, Randomness, Source};

use crate::error::Result;
use crate::hint::Named;
use crate::{streams, terminal, time};

/// What every command takes.
#[derive(Args)]
pub(crate) struct Globals {
    /// Use the store in this directory, or at this URL [default: $OTP_STORE, then the platform's data directory]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) store: Option<PathBuf>,
    /// Never prompt, not even on a terminal
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
    /// Give up when another process has had an account locked for this long (10s, 5m) [default: 1m]
    #[arg(long, value_name = "DURATION", global = true)]
    pub(crate) lock_timeout: Option<String>,
    /// Commands that ask have an option of their own; scripts may give it to all.
    #[arg(long, short = 'y', global = true, hide = true)]
    pub(crate) yes: bool,
}

/// The length of a generated password, unless another is given.
pub(crate) const PASSWORD_LEN: u16 = 32;
const PASSWORD_LEN_TEXT: &str = "32";

/// Where the key comes from; the first that is given counts.
#[derive(Args, Default)]
pub(crate) struct KeyArgs {
    /// Read the key from a file that only you can read; "-" is standard input
    #[arg(long, value_name = "PATH", help_heading = "Key, the first of these that is given")]
    pub(crate) key_file: Option<PathBuf>,
    /// Read the key from file descriptor N
    #[arg(long, value_name = "N", help_heading = "Key, the first of these that is given")]
    pub(crate) key_fd: Option<i32>,
    /// Read the key from this credential of Windows' Credential Manager
    #[arg(long, value_name = "TARGET", help_heading = "Key, the first of these that is given")]
    pub(crate) key_credential: Option<String>,
    /// Pass the key itself; other users of this machine can see it. Without any of these: $OTP_KEY_FILE, $OTP_KEY,
    /// $CREDENTIALS_DIRECTORY/otp-key
    #[arg(long, value_name = "KEY", help_heading = "Key, the first of these that is given")]
    pub(crate) key: Option<OsString>,
    /// Accept key files that only their owner can read, or any, where modes mean nothing [default: private]
    #[arg(long, value_name = "MODE")]
    pub(crate) key_file_mode: Option<FileMode>,
}

/// Which key files are accepted.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum FileMode {
    Private,
    Any,
}

/// The fields of an account, as they are given to `add` and `rotate`.
#[derive(Args)]
pub(crate) struct FieldArgs {
    /// Seal this username
    #[arg(long, value_name = "USERNAME", help_heading = "Fields")]
    pub(crate) username: Option<OsString>,
    /// Read the password from standard input; one line break at the end is dropped
    #[arg(long, group = "password", help_heading = "Fields")]
    pub(crate) password_stdin: bool,
    /// Read the password from file descriptor N; one line break at the end is dropped
    #[arg(long, value_name = "N", group = "password", help_heading = "Fields")]
    pub(crate) password_fd: Option<i32>,
    /// Accept an empty password
    #[arg(long, help_heading = "Fields")]
    pub(crate) allow_empty: bool,
    /// Generate a password of LENGTH (32) letters, digits, "-" and "_", 6 bits each
    #[arg(
        long,
        value_name = "LENGTH",
        group = "password",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = PASSWORD_LEN_TEXT,
        value_parser = clap::value_parser!(u16).range(8..=1024),
        help_heading = "Fields"
    )]
    pub(crate) generate: Option<u16>,
    /// Seal this field, which other users of this machine can see; repeat for more fields
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Fields")]
    pub(crate) field: Vec<OsString>,
    /// Seal a field from a file, byte for byte; repeat for more fields
    #[arg(long, value_name = "NAME=PATH", help_heading = "Fields")]
    pub(crate) field_file: Vec<OsString>,
    /// Seal only the given fields; do not ask for username or password
    #[arg(long, help_heading = "Fields")]
    pub(crate) fields_only: bool,
}

/// What can't be undone is confirmed.
#[derive(Args)]
pub(crate) struct ConfirmArgs {
    /// Do it without asking; needed where there is no terminal to ask on
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,
}

/// What a new key is given.
#[derive(Args)]
pub(crate) struct GrantArgs {
    /// Record who will hold the key
    #[arg(long = "for", value_name = "HOLDER")]
    pub(crate) holder: Option<String>,
    /// Let the key expire: after a duration (30d, 12h), on a date (2027-01-31, from 00:00 UTC on), or at a time with its
    /// zone (2027-01-31T18:00:00Z) [default: never, or with the given key]
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<String>,
    /// Hide the secret's length in a frame of this size: 64, 128, 256 ... 65535 [default: the smallest that fits, or
    /// that of the given key]
    #[arg(long, value_name = "BYTES")]
    pub(crate) capacity: Option<u16>,
    #[command(flatten)]
    pub(crate) pages: PagesArgs,
    #[command(flatten)]
    pub(crate) ring: RingArgs,
}

/// How many secrets the key can have.
#[derive(Args)]
pub(crate) struct PagesArgs {
    /// Let the key keep its text for N secrets, if a ring rotates them; 1 to 255 [default: 1]. Each makes it 157 characters
    /// longer at capacity 64, so that it has to go by file
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) pages: Option<u8>,
}

/// The administrator's ring.
#[derive(Args)]
pub(crate) struct RingArgs {
    /// Use the ring in this directory, which keeps a copy of each key [default: $OTP_RING, or none]
    #[arg(long, value_name = "DIR")]
    pub(crate) ring: Option<PathBuf>,
}

/// A source of randomness beside the system's.
#[derive(Args)]
pub(crate) struct EntropyArgs {
    /// XOR the system's random bytes with those at the end of this file, and cut them off it; only you may be able to
    /// read it. "-" is standard input
    #[arg(long, value_name = "FILE", help_heading = "Randomness")]
    pub(crate) extra_entropy: Option<PathBuf>,
}

/// What is opened, and with which key.
#[derive(Args)]
pub(crate) struct SourceArgs {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Open this record file, which may be outside of any store
    #[arg(long, value_name = "FILE", conflicts_with = "store")]
    pub(crate) record: Option<PathBuf>,
}

impl FileMode {
    /// The library's value for it.
    pub(crate) fn accepted(self) -> KeyFileMode {
        match self {
            Self::Private => KeyFileMode::Private,
            Self::Any => KeyFileMode::Any,
        }
    }
}

impl Globals {
    pub(crate) fn store(&self) -> Option<&Path> {
        self.store.as_deref()
    }

    /// The store, for commands in hints.
    pub(crate) fn named(&self) -> Named<'_> {
        Named { store: self.store(), ring: None }
    }
}

impl KeyArgs {
    fn source(&self) -> KeySource<'_> {
        let mut source = KeySource::default();
        (source.file, source.fd, source.credential) =
            (self.key_file.as_deref(), self.key_fd, self.key_credential.as_deref());
        source.text = self.key.as_deref().map(OsStr::as_encoded_bytes);
        source.mode = self.key_file_mode.map_or(KeyFileMode::Private, FileMode::accepted);
        source
    }

    /// Reads the key, which must be for the given account, if there is one.
    pub(crate) fn read(&self, account: Option<&str>) -> Result<Key> {
        self.warn_if_visible();
        Ok(self.source().read_for(account)?)
    }

    /// Reads the key, if one is given anywhere.
    pub(crate) fn read_if_given(&self) -> Result<Option<Key>> {
        self.warn_if_visible();
        Ok(self.source().read_if_given()?)
    }

    /// Whether a key is named on the command line.
    pub(crate) fn is_given(&self) -> bool {
        let Self { key_file, key_fd, key_credential, key, key_file_mode: _ } = self;
        key_file.is_some() || key_fd.is_some() || key_credential.is_some() || key.is_some()
    }

    fn warn_if_visible(&self) {
        // Other users can see it even if the key is read from elsewhere.
        if self.key.is_some() {
            terminal::warn("other users of this machine can see a key on the command line; use --key-file");
        }
    }

    /// The descriptor that the key is read from, if any.
    pub(crate) fn stream(&self) -> Option<i32> {
        streams::of_path(self.path().as_deref())
    }

    /// The path that the key is read from, which may be a descriptor's; `None` if it comes as text.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        let is_text = self.key.is_some() || self.key_credential.is_some();
        let named = match (&self.key_file, self.key_fd) {
            (Some(path), _) => path.clone(),
            (None, Some(number)) => streams::descriptor(number),
            (None, None) if is_text => return None,
            (None, None) => std::env::var_os("OTP_KEY_FILE").filter(|path| !path.is_empty())?.into(),
        };
        Some(if named.as_os_str() == "-" { streams::descriptor(0) } else { named })
    }
}

impl SourceArgs {
    /// Opens what the arguments name: the key's record in the store, or a record file.
    pub(crate) fn open(&self, globals: &Globals, account: Option<&str>) -> Result<otp_link::Account> {
        self.key.warn_if_visible();
        let mut source = Source::default();
        (source.key, source.account) = (self.key.source(), account);
        (source.store, source.record) = (globals.store(), self.record.as_deref());
        Ok(otp_link::open_account(&source)?)
    }
}

impl GrantArgs {
    /// The terms of a new key, checked.
    pub(crate) fn terms(&self) -> Result<KeyTerms<'_>> {
        let mut terms = terms(self.holder.as_deref(), self.expires.as_deref(), self.capacity)?;
        terms.pages = self.pages.pages();
        Ok(terms)
    }
}

impl PagesArgs {
    pub(crate) fn pages(&self) -> Option<NonZeroU8> {
        self.pages.and_then(NonZeroU8::new)
    }
}

impl RingArgs {
    pub(crate) fn path(&self) -> Option<&Path> {
        self.ring.as_deref()
    }

    /// Store and ring.
    pub(crate) fn place<'a>(&'a self, globals: &'a Globals) -> Place<'a> {
        let mut place = Place::from(globals.store());
        place.ring = self.path();
        place
    }

    /// Whether a ring is named, here or by `OTP_RING`.
    pub(crate) fn is_given(&self) -> bool {
        otp_link::ring::find_ring(self.path()).is_some()
    }

    /// The ring that is named.
    pub(crate) fn named(&self) -> Result<PathBuf> {
        Ok(otp_link::ring::find_ring(self.path()).ok_or(otp_link::Error::NoRing)?)
    }
}

/// The terms of new keys, checked.
pub(crate) fn terms<'a>(holder: Option<&'a str>, expires: Option<&str>, capacity: Option<u16>) -> Result<KeyTerms<'a>> {
    let mut terms = KeyTerms::default();
    terms.holder = holder;
    if let Some(text) = expires {
        let at = time::parse_when(text, UnixTime::now())?;
        if time::is_date(text) {
            terminal::note(&format!("expires at {at}"));
        }
        terms.expires = Some(at.as_secs());
    }
    terms.capacity = capacity.map(u32::from);
    terms.check()?;
    Ok(terms)
}

impl EntropyArgs {
    /// The source of this command's randomness. It has taken nothing from the user's source yet.
    pub(crate) fn open(&self) -> Result<Randomness> {
        Ok(match self.extra_entropy.as_deref() {
            Some(path) => Randomness::with_extra(Entropy::open(path)?),
            None => Randomness::system(),
        })
    }

    /// The descriptor that it is read from, if any.
    pub(crate) fn stream(&self) -> Option<i32> {
        streams::of_path(self.extra_entropy.as_deref())
    }
}

impl FieldArgs {
    /// Whether any field other than the password is given.
    pub(crate) fn gives_more_than_a_password(&self) -> bool {
        self.username.is_some() || !self.field.is_empty() || !self.field_file.is_empty() || self.fields_only
    }

    /// The descriptor that the password is read from, if any.
    pub(crate) fn stream(&self) -> Option<i32> {
        if self.password_stdin { Some(0) } else { self.password_fd }
    }
}
