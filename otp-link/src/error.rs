//! [`Error`]: everything that can go wrong between a front end and a store.

use std::fmt::{self, Display};
use std::io;
use std::path::PathBuf;

use otp_core::random::DrawError;
use otp_core::{AccountName, Code, Coded, KeepError, KeyId, UnixTime};
use otp_sys::Access;

use crate::any_store::StoreError;
use crate::audit::AuditFault;
use crate::key_origin::KeyOrigin;
use crate::manifest::ManifestFault;
use crate::message::redact;
use crate::preset::PresetFault;
use crate::probe::Broken;
use crate::remote::{RemoteError, UrlFault};
use crate::secure_python_link;
use crate::template::{Encoder, TemplateFault, Unencodable};

/// The result of an operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed: the cause, and where. What to do about it is [`Error::hint`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A name, key, record or length is invalid or damaged, or does not fit.
    Core(otp_core::Error),
    /// A rule of accounts and keys was broken.
    Keep(KeepError<StoreError>),
    /// The store failed.
    Store(StoreError),
    /// No store was named, and the environment has no directory for a user's data.
    NoStore,
    /// The URL of a store is wrong.
    StoreUrl {
        /// The URL, as far as it may be shown.
        url: String,
        /// What is wrong with it.
        fault: UrlFault,
    },
    /// The store does not keep a promise that everything rests on.
    BrokenPromise {
        /// The promise.
        broken: Broken,
    },
    /// `OTP_STORE_TIMEOUT` is not a number of seconds.
    StoreTimeout,
    /// `OTP_AUDIT` is wrong.
    AuditVariable {
        /// What is wrong with it.
        fault: AuditFault,
    },
    /// No sink takes the line of the audit log, so nothing is handed over.
    NotAudited {
        /// The first place.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No key was given anywhere.
    NoKey,
    /// The key was given in more than one way.
    SeveralKeys,
    /// What was given as a key can't be read.
    KeyNotRead {
        /// Where it is.
        origin: KeyOrigin,
        /// What the system said.
        source: io::Error,
    },
    /// What was given as a key is longer than any key.
    KeyTooLong {
        /// Where it came from.
        origin: KeyOrigin,
        /// The most bytes that a key takes.
        limit: usize,
    },
    /// What was given as a key is empty.
    EmptyKey {
        /// Where it came from.
        origin: KeyOrigin,
    },
    /// What was given as a key looks like the path of a file.
    PathAsKey {
        /// Where it came from.
        origin: KeyOrigin,
    },
    /// What was given as a key is not a key.
    InvalidKey {
        /// Where it came from.
        origin: KeyOrigin,
        /// What is wrong with it.
        error: otp_core::Error,
    },
    /// Users other than the owner can read or write a key file.
    KeyOpenToOthers {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Everybody can write to the directory of a key file, and replace what is in it.
    DirectoryOpenToOthers {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A key file belongs to another user, who could read it or put another key in its place.
    KeyOwnedByOther {
        /// The key file.
        path: PathBuf,
        /// The owner's number.
        owner: u32,
        /// The number of the user of this process.
        user: u32,
    },
    /// A key file could not be written.
    KeyNotWritten {
        /// The key file, of which nothing is left.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something already exists where a key file was to be made.
    KeyFileExists {
        /// The file, which stays as it is.
        path: PathBuf,
    },
    /// This system has no Credential Manager.
    NoCredentialManager,
    /// A credential of that name exists.
    CredentialExists {
        /// Its name; it stays as it is.
        target: String,
    },
    /// A key could not be written to a credential.
    CredentialNotWritten {
        /// The credential's name.
        target: String,
        /// What the system said.
        source: io::Error,
    },
    /// A new key would be longer than a credential, so it is not made.
    KeyTooLongForCredential {
        /// The length of its text in bytes.
        len: usize,
        /// The most bytes that a credential takes.
        limit: usize,
    },
    /// The key is for an account other than the one that was named.
    OtherAccount {
        /// The account that was named.
        named: Box<AccountName>,
        /// The key's account.
        key: Box<AccountName>,
    },
    /// Both a store and a record file were given.
    StoreAndRecord,
    /// A record file can't be read.
    RecordNotRead {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is longer than any record, or a directory.
    NotARecord {
        /// The file.
        path: PathBuf,
    },
    /// No field was given for a new account.
    NoFields,
    /// No new field was given for a rotation.
    NothingNew,
    /// Without a key, a rotation needs both username and password.
    IncompleteLogin,
    /// The password is empty, and nothing says that this is meant.
    EmptyPassword,
    /// The user's home directory is a relative path.
    RelativeHome {
        /// The path.
        path: PathBuf,
    },
    /// The account has no such field.
    NoField {
        /// The name that was asked for.
        field: String,
    },
    /// A field is not UTF-8 text.
    FieldNotText {
        /// The field.
        field: String,
    },
    /// A template is malformed.
    Template {
        /// The byte at which it is wrong, from 0.
        offset: usize,
        /// What is wrong there.
        fault: TemplateFault,
    },
    /// A preset can't be used.
    Preset {
        /// Its name.
        preset: &'static str,
        /// Why not.
        fault: PresetFault,
    },
    /// A field's value can't be written in the form that a template asks for.
    Unencodable {
        /// The field.
        field: String,
        /// The form.
        encoder: Encoder,
        /// Why not.
        cause: Unencodable,
    },
    /// The expiry of a new key is in the past.
    ExpiryPassed {
        /// The expiry.
        at: UnixTime,
    },
    /// The system's source of randomness failed.
    Randomness(Box<dyn std::error::Error + Send + Sync>),
    /// The source of randomness that the user provides gives nothing.
    Entropy {
        /// The source.
        name: String,
        /// Why.
        fault: EntropyFault,
    },
    /// A holder needs a new key, and there is nowhere to write it.
    NewKeyNeeded {
        /// The account.
        account: Box<AccountName>,
    },
    /// No ring is named.
    NoRing,
    /// There is no ring at a path.
    NoSuchRing {
        /// The path.
        path: PathBuf,
    },
    /// A ring exists already.
    RingExists {
        /// Its directory.
        path: PathBuf,
    },
    /// A directory in which a ring was to be made has something else in it.
    RingNotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// The ring is in the store, or the store in the ring.
    RingInStore {
        /// The ring's directory.
        ring: PathBuf,
        /// The store's.
        store: PathBuf,
    },
    /// A part of the account's name looks like one of a ring's own entries, such as `1.spent`.
    NotForRing {
        /// The account.
        account: Box<AccountName>,
    },
    /// The ring was copied, restored, or moved to another file system.
    RingMoved {
        /// Its directory.
        path: PathBuf,
    },
    /// Another process holds the ring's lock: perhaps a program that changes a database.
    RingLocked {
        /// Its directory.
        path: PathBuf,
    },
    /// The ring can't be read or written.
    Ring {
        /// Its directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The ring has no key with this id.
    NoKeyInRing {
        /// The id.
        id: KeyId,
    },
    /// Something was asked for that only an account in a ring can do, and there is no ring.
    RingOnly {
        /// What was asked for.
        what: &'static str,
    },
    /// A value can't be given to a program that changes a database: it is not UTF-8.
    ValueNotText {
        /// The field.
        field: String,
    },
    /// A manifest is malformed.
    Manifest {
        /// The file, or the entry of another program.
        path: PathBuf,
        /// The line, from 1, where there are lines.
        line: Option<usize>,
        /// What is wrong there.
        fault: Box<ManifestFault>,
    },
    /// Another import is writing to the directory of key files.
    KeyDirLocked {
        /// The directory.
        path: PathBuf,
    },
    /// A key file has a key that no longer opens anything.
    KeyFileEnded {
        /// The file, which stays as it is.
        path: PathBuf,
        /// What became of its key.
        error: Box<Error>,
    },
    /// A file of Secure-Python-Link, or its keys, are refused.
    SecurePythonLink(secure_python_link::Error),
    /// A file of Secure-Python-Link can't be read.
    FileNotRead {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Why a source of randomness that the user provides gives nothing.
#[derive(Debug)]
#[non_exhaustive]
pub enum EntropyFault {
    /// It can't be read.
    Read(io::Error),
    /// Used bytes can't be cut off, so none are used.
    Write(io::Error),
    /// It has fewer bytes than are needed.
    TooShort {
        /// How many bytes are left.
        left: u64,
        /// How many bytes are needed.
        needed: u64,
    },
    /// It is a directory.
    Directory,
    /// It is a terminal.
    Terminal,
    /// It is a regular file on standard input, whose used bytes can't be cut off.
    FileOnInput,
    /// It is a device that would give the same bytes again.
    NotAStream,
    /// Users other than the owner can read or write it.
    OpenToOthers {
        /// Its permission bits.
        mode: u32,
    },
    /// It belongs to another user.
    OwnedByOther {
        /// The owner's number.
        owner: u32,
        /// The number of the user of this process.
        user: u32,
    },
    /// It failed its health tests.
    NotRandom,
}

impl Error {
    pub(crate) fn from_draw(error: DrawError<Self>) -> Self {
        match error {
            DrawError::Source(error) => error,
            DrawError::Invalid(error) => Self::Core(error),
            other => Self::Randomness(Box::new(other)),
        }
    }

    /// The message, followed by all its causes.
    #[must_use]
    pub fn message(&self) -> String {
        let mut message = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        message
    }
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::Core(error) | Self::InvalidKey { error, .. } => error.code(),
            Self::Keep(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::NoStore
            | Self::StoreUrl { .. }
            | Self::StoreTimeout
            | Self::AuditVariable { .. }
            | Self::RelativeHome { .. }
            | Self::EmptyPassword
            | Self::NoKey
            | Self::SeveralKeys
            | Self::StoreAndRecord
            | Self::NoCredentialManager
            | Self::KeyTooLongForCredential { .. }
            | Self::NoFields
            | Self::NothingNew
            | Self::IncompleteLogin
            | Self::Template { .. }
            | Self::Preset { .. }
            | Self::NewKeyNeeded { .. }
            | Self::NoRing
            | Self::NoSuchRing { .. }
            | Self::RingNotEmpty { .. }
            | Self::RingInStore { .. }
            | Self::NotForRing { .. }
            | Self::ValueNotText { .. }
            | Self::RingOnly { .. }
            | Self::Manifest { .. }
            | Self::ExpiryPassed { .. } => Code::Usage,
            Self::KeyNotRead { source, .. } | Self::RecordNotRead { source, .. } if otp_sys::is_in_use(source) => {
                Code::Locked
            }
            Self::NotAudited { .. } => Code::AuditFailed,
            Self::RingMoved { .. } => Code::StaleRing,
            Self::RingLocked { .. } | Self::KeyDirLocked { .. } => Code::Locked,
            Self::KeyFileEnded { error, .. } => error.code(),
            Self::NoKeyInRing { .. } => Code::NotFound,
            Self::Ring { .. }
            | Self::KeyNotRead { .. }
            | Self::KeyNotWritten { .. }
            | Self::CredentialNotWritten { .. }
            | Self::NoField { .. }
            | Self::Unencodable { .. }
            | Self::FieldNotText { .. }
            | Self::FileNotRead { .. } => Code::Other,
            Self::KeyTooLong { .. } | Self::EmptyKey { .. } | Self::PathAsKey { .. } => Code::MalformedKey,
            Self::KeyOpenToOthers { .. } | Self::DirectoryOpenToOthers { .. } | Self::KeyOwnedByOther { .. } => {
                Code::UnsafePermissions
            }
            Self::KeyFileExists { .. } | Self::CredentialExists { .. } | Self::RingExists { .. } => Code::Exists,
            Self::OtherAccount { .. } => Code::WrongKey,
            Self::RecordNotRead { .. } | Self::BrokenPromise { .. } => Code::StoreUnavailable,
            Self::NotARecord { .. } => Code::Damaged,
            Self::Randomness(_) => Code::RandomnessFailed,
            Self::Entropy { fault, .. } => fault.code(),
            Self::SecurePythonLink(error) => match error {
                secure_python_link::Error::MalformedKey { .. } => Code::MalformedKey,
                secure_python_link::Error::WrongKey { .. } => Code::WrongKey,
                secure_python_link::Error::OtherFile { .. } => Code::Damaged,
            },
        }
    }
}

impl EntropyFault {
    const fn code(&self) -> Code {
        match self {
            Self::Directory | Self::Terminal | Self::FileOnInput | Self::NotAStream => Code::Usage,
            Self::OpenToOthers { .. } | Self::OwnedByOther { .. } => Code::UnsafePermissions,
            Self::Read(_) | Self::Write(_) | Self::TooShort { .. } | Self::NotRandom => Code::RandomnessFailed,
        }
    }
}

/// Whatever may be a key is cut from every message: one may have been passed instead of a path or a name.
impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact(&Cause(self).to_string()))
    }
}

/// The message as it would be if nothing in it could be a key.
struct Cause<'a>(&'a Error);

impl Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Error::Core(error) => Display::fmt(error, f),
            Error::Keep(error) => Display::fmt(error, f),
            Error::Store(error) => Display::fmt(error, f),
            Error::RelativeHome { path } => write!(f, "the home directory is a relative path: {}", path.display()),
            Error::EmptyPassword => f.write_str("the password is empty"),
            Error::Template { offset, fault } => write!(f, "template, byte {offset}: {fault}"),
            Error::Preset { preset, fault } => write!(f, "preset {preset}: {fault}"),
            Error::Unencodable { field, encoder, cause } => {
                write!(f, "field {field:?} can't be written as {}: {cause}", encoder.name())
            }
            Error::NewKeyNeeded { account } => write!(f, "a holder of account {account} needs a new key"),
            Error::NoRing => f.write_str("no ring is named"),
            Error::NoSuchRing { path } => write!(f, "there is no ring at {}", path.display()),
            Error::RingExists { path } => write!(f, "{} is a ring already", path.display()),
            Error::RingNotEmpty { path } => write!(f, "{} is not empty", path.display()),
            Error::RingInStore { ring, store } => {
                write!(f, "the ring {} and the store {} are not apart", ring.display(), store.display())
            }
            Error::NotForRing { account } => {
                write!(
                    f,
                    "account {account} can't be kept in a ring, which calls its own entries like a part of this name"
                )
            }
            Error::RingMoved { path } => {
                write!(f, "the ring {} is not where it was made: it was copied, restored or moved", path.display())
            }
            Error::RingLocked { path } => write!(f, "another process has the ring {} locked", path.display()),
            Error::Ring { path, .. } => write!(f, "can't use the ring {}", path.display()),
            Error::Manifest { path, line: Some(line), fault } => write!(f, "{}:{line}: {fault}", path.display()),
            Error::Manifest { path, line: None, fault } => write!(f, "{}: {fault}", path.display()),
            Error::KeyDirLocked { path } => write!(f, "another import writes key files to {}", path.display()),
            Error::KeyFileEnded { path, error } => {
                write!(f, "the key file {} exists, and its key no longer opens: {error}", path.display())
            }
            Error::NoKeyInRing { id } => write!(f, "the ring has no key {id}"),
            Error::RingOnly { what } => write!(f, "{what} takes a ring, and none is given"),
            Error::ValueNotText { field } => {
                write!(f, "the value of {field:?} is not UTF-8, which a program that changes a database gets")
            }
            Error::NoStore => f.write_str("no store is named, and there is no directory for a user's data"),
            Error::StoreUrl { url, fault } => write!(f, "the store's URL {url}: {fault}"),
            Error::BrokenPromise { broken } => write!(f, "the store can't be relied on: {broken}"),
            Error::StoreTimeout => f.write_str("OTP_STORE_TIMEOUT is not a number of seconds from 1 to 86400"),
            Error::AuditVariable { fault } => write!(f, "OTP_AUDIT: {fault}"),
            Error::NotAudited { path, .. } => {
                write!(f, "the audit log can't be written, so nothing is handed over: {}", path.display())
            }
            Error::NoKey => f.write_str("no key is given"),
            Error::SeveralKeys => f.write_str("the key is given in more than one way"),
            Error::KeyNotRead { origin, .. } => write!(f, "can't read the key from {origin}"),
            Error::KeyTooLong { origin, limit } => {
                write!(f, "what {origin} holds is longer than any key ({limit} bytes)")
            }
            Error::EmptyKey { origin } => write!(f, "{origin} is empty"),
            Error::PathAsKey { origin } => write!(f, "{origin} holds a path, not a key"),
            Error::InvalidKey { origin, error } => write!(f, "{origin}: {error}"),
            Error::KeyOpenToOthers { path, mode } => {
                write!(f, "others can read or write the key file {} ({})", path.display(), Access(*mode))
            }
            Error::DirectoryOpenToOthers { path, mode } => {
                let who = if cfg!(windows) { "others" } else { "everybody" };
                write!(f, "{who} can write to the directory {} ({})", path.display(), Access(*mode))
            }
            Error::KeyOwnedByOther { path, .. } if cfg!(windows) => {
                write!(f, "the key file {} belongs to another user", path.display())
            }
            Error::KeyOwnedByOther { path, owner, user } => {
                write!(f, "the key file {} belongs to user {owner}, not to this user ({user})", path.display())
            }
            Error::KeyNotWritten { path, .. } => write!(f, "can't write the key file {}", path.display()),
            Error::KeyFileExists { path } => write!(f, "{} already exists and stays as it is", path.display()),
            Error::NoCredentialManager => f.write_str("Credential Manager is a part of Windows; this system has none"),
            Error::CredentialExists { target } => {
                write!(f, "the credential {target} already exists and stays as it is")
            }
            Error::CredentialNotWritten { target, .. } => write!(f, "can't write the key to the credential {target}"),
            Error::KeyTooLongForCredential { len, limit } => {
                write!(f, "the key would have {len} bytes, and a credential takes {limit}; nothing was sealed")
            }
            Error::OtherAccount { named, key } => write!(f, "the key is for account {key}, not for {named}"),
            Error::StoreAndRecord => f.write_str("both a store and a record file are given"),
            Error::RecordNotRead { path, .. } => write!(f, "can't read the record {}", path.display()),
            Error::NotARecord { path } => write!(f, "{} is not a record", path.display()),
            Error::NoFields => f.write_str("no field is given"),
            Error::NothingNew => f.write_str("nothing new is given"),
            Error::IncompleteLogin => f.write_str(
                "without a key to the account every field has to be given anew: username, password, any others",
            ),
            Error::NoField { field } => write!(f, "the account has no field {field:?}"),
            Error::FieldNotText { field } => write!(f, "field {field:?} is not UTF-8 text"),
            Error::ExpiryPassed { at } => write!(f, "the expiry {at} is in the past"),
            Error::Randomness(_) => f.write_str("the source of randomness failed; nothing was sealed"),
            Error::Entropy { name, fault } => write!(f, "extra entropy from {name}: {fault}"),
            Error::SecurePythonLink(error) => Display::fmt(error, f),
            Error::FileNotRead { path, .. } => write!(f, "can't read {}", path.display()),
        }
    }
}

impl Display for EntropyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(_) => f.write_str("it can't be read"),
            Self::Write(_) => f.write_str("used bytes can't be cut off it, so none are used"),
            Self::TooShort { left, needed } => {
                write!(f, "it has {left} bytes left, and {needed} are needed; nothing was sealed")
            }
            Self::Directory => f.write_str("it is a directory"),
            Self::Terminal => f.write_str("it is a terminal"),
            Self::FileOnInput => f.write_str("it is a regular file, of which used bytes can't be cut off there"),
            Self::NotAStream => f.write_str("it would give the same bytes again"),
            Self::OpenToOthers { mode } => write!(f, "others can read or write it ({})", Access(*mode)),
            Self::OwnedByOther { .. } if cfg!(windows) => f.write_str("it belongs to another user"),
            Self::OwnedByOther { owner, user } => write!(f, "it belongs to user {owner}, not to this user ({user})"),
            Self::NotRandom => f.write_str("it repeats itself or prefers some values, so it is not random"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // The messages above are their own, so their causes are ours.
            Self::Core(error) => error.source(),
            Self::Keep(error) => error.source(),
            Self::Store(error) => error.source(),
            Self::Randomness(error) => Some(error.as_ref()),
            Self::KeyNotRead { source, .. }
            | Self::NotAudited { source, .. }
            | Self::KeyNotWritten { source, .. }
            | Self::CredentialNotWritten { source, .. }
            | Self::RecordNotRead { source, .. }
            | Self::FileNotRead { source, .. }
            | Self::Ring { source, .. }
            | Self::Entropy { fault: EntropyFault::Read(source) | EntropyFault::Write(source), .. } => Some(source),
            _ => None,
        }
    }
}

impl From<otp_core::Error> for Error {
    fn from(error: otp_core::Error) -> Self {
        Self::Core(error)
    }
}

impl From<KeepError<StoreError>> for Error {
    fn from(error: KeepError<StoreError>) -> Self {
        match error {
            KeepError::Store(error) => Self::Store(error),
            KeepError::Invalid(error) => Self::Core(error),
            // A source of this crate fails with an error of this crate.
            KeepError::Randomness(error) => match error.downcast() {
                Ok(error) => *error,
                Err(error) => Self::Randomness(error),
            },
            // A ring of this crate fails with an error of this crate too.
            KeepError::Ring(error) => {
                let error: Box<dyn std::error::Error + Send + Sync> = error;
                match error.downcast() {
                    Ok(error) => *error,
                    Err(error) => Self::Randomness(error),
                }
            }
            error => Self::Keep(error),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<otp_store_fs::Error> for Error {
    fn from(error: otp_store_fs::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<RemoteError> for Error {
    fn from(error: RemoteError) -> Self {
        Self::Store(error.into())
    }
}

impl From<secure_python_link::Error> for Error {
    fn from(error: secure_python_link::Error) -> Self {
        Self::SecurePythonLink(error)
    }
}
