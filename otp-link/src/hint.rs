//! [`Hint`]: what to do about an error or a finding, for each front end to put into its own words.

use std::io;
use std::path::Path;

use otp_core::{AccountName, KeyId};
use otp_remote_protocol::Failure;

use crate::any_store::StoreError;
use crate::error::{EntropyFault, Error};
use crate::key_origin::KeyOrigin;
use crate::manifest::ManifestFault;
use crate::preset::{Preset, PresetFault};
use crate::remote::{HelperFault, RemoteError, UrlFault};
use crate::secure_python_link;
use crate::template::TemplateFault;

/// What to do about an error or a finding. It is data: the program turns it into a command, C and Python into an
/// argument.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint<'a> {
    /// A hint of the core.
    Core(otp_core::Hint<'a>),
    /// A hint of the store.
    Store(otp_store_fs::Hint<'a>),
    /// Name a store.
    NameStore,
    /// Give a key, in one of the ways.
    GiveKey,
    /// Give the key in one way only.
    GiveOneKey,
    /// Use a key for this account.
    UseKeyFor {
        /// The account.
        account: &'a AccountName,
    },
    /// Name a store or a record file, not both.
    NameStoreOrRecord,
    /// Check that this path is the right one.
    CheckPath {
        /// The path.
        path: &'a Path,
    },
    /// Run as the user that this file belongs to.
    ActAsOwner {
        /// The path.
        path: &'a Path,
    },
    /// Issue a new key and revoke this one, since others may have read it; or accept any mode.
    ReplaceExposedKey {
        /// The key file.
        path: &'a Path,
    },
    /// Take write permission from the group and from others.
    RemoveWriteAccess {
        /// The directory.
        path: &'a Path,
    },
    /// Put the path into `OTP_KEY_FILE`, or pass it as a key file.
    PassAsKeyFile,
    /// Use another file, since the owner of this one may have read it; or give it to this user.
    TakeOwnership {
        /// The path.
        path: &'a Path,
        /// The user's number.
        user: u32,
    },
    /// Make room on the file system.
    FreeSpace {
        /// A path on it.
        path: &'a Path,
    },
    /// Choose another path.
    ChooseOtherPath {
        /// The path that is taken.
        path: &'a Path,
    },
    /// Choose another name for the credential.
    ChooseOtherCredential,
    /// Write the key to a file, or make it shorter.
    UseKeyFile,
    /// Check what this place holds: it is not a key.
    CheckKey {
        /// The place.
        origin: &'a KeyOrigin,
    },
    /// Give at least one field, such as username and password.
    GiveFields,
    /// Give a key to the account, or both username and password.
    GiveWholeLogin,
    /// Give a password, or say that it is meant to be empty.
    GivePassword,
    /// Give a new password or another field.
    GiveNewField,
    /// Take the field's bytes: it is not text.
    TakeBytes {
        /// The field.
        field: &'a str,
    },
    /// Use a time in the future.
    UseFutureTime,
    /// Provide a file, a pipe or a character device with enough random bytes.
    ProvideEntropy,
    /// Give the path of the file instead of standard input.
    GiveEntropyPath,
    /// Use other random bytes, which nobody else has seen.
    UseOtherEntropy {
        /// The path that others could read.
        path: &'a Path,
    },
    /// Check whether the two old keys are swapped.
    SwapOldKeys,
    /// Turn off core dumps.
    DisableCoreDumps,
    /// Encrypt the swap.
    EncryptSwap,
    /// Let this user lock more memory.
    RaiseLockLimit {
        /// How many bytes are enough.
        bytes: u64,
    },
    /// Set the clock.
    SetClock,
    /// Have the doctor remove it.
    LetDoctorFix,
    /// Put secrets where the store's own tools look for them, not into the URL.
    UseCredentialVariables,
    /// Use https, or say that the store may be reached without it.
    UseTls,
    /// Use another server: this one loses what is written.
    UseOtherServer,
    /// Check the URL.
    CheckUrl,
    /// Check the store's URL, and the variables and files that configure its helper.
    CheckConfiguration,
    /// Give a number of seconds.
    GiveSeconds,
    /// Name a place for the audit log, as `docs/audit.md` says.
    NameAuditSink,
    /// Have the store checked and prepared for writing.
    InitStore {
        /// Its URL.
        url: &'a str,
    },
    /// Install the helper for the scheme, or correct the scheme.
    InstallHelper {
        /// The scheme.
        scheme: &'a str,
    },
    /// Install helper and library of the same version.
    UpdateHelper,
    /// Check what the credentials for the store allow.
    CheckPolicy,
    /// Check the connection to the store, and try again.
    CheckConnection,
    /// Add an account: that makes the store.
    AddAccount,
    /// Use one of the encoders, [`Encoder::ALL`](crate::template::Encoder::ALL).
    UseListedEncoder,
    /// Write a literal brace twice.
    DoubleBraces,
    /// Use another form, such as base64, or another client.
    UseOtherEncoder,
    /// Use a preset that needs no file, or hand the values over one by one.
    UseOtherPreset,
    /// Start one of the client's programs directly.
    StartProgram {
        /// Their names.
        programs: &'static [&'static str],
    },
    /// Set one of these.
    UseListedSetting {
        /// Their names.
        settings: Vec<&'static str>,
    },
    /// Hand over a connection string for ODBC.
    UseConnectionString,
    /// Put the password into the account, or take it out of the settings.
    KeepPasswordInAccount,
    /// Set it beside the account.
    SetField {
        /// Its name.
        field: &'a str,
    },
    /// Name a directory for new keys.
    NameKeyDir,
    /// Name a ring.
    NameRing,
    /// Make a ring here, or name another.
    MakeRing {
        /// The path.
        path: &'a Path,
    },
    /// Choose a place for the ring that is neither in the store nor around it.
    KeepRingApart,
    /// Make sure that no other copy of the ring is used, and adopt this one.
    AdoptRing {
        /// The ring's directory.
        path: &'a Path,
    },
    /// Revoke the key with the ring: somebody brought its record back.
    RevokeAgain {
        /// The account.
        account: &'a AccountName,
        /// The key's id.
        id: KeyId,
    },
    /// Rotate the account with the ring: that replaces what was rolled back.
    RotateAgain {
        /// The account.
        account: &'a AccountName,
    },
    /// Give a text, or change the database without a program that gets text.
    GiveText {
        /// The field.
        field: &'a str,
    },
    /// Move the key file to another directory, if its holder has a new key.
    MoveKeyFileAway {
        /// The file.
        path: &'a Path,
    },
    /// Put the value between single quotes, or import it in another format.
    QuoteValue,
    /// Say which column is used for what.
    MapColumns,
    /// Move the file out of the store.
    MoveAway {
        /// The path.
        path: &'a Path,
    },
}

impl<'a> Hint<'a> {
    /// What to do about a failure of the system at this path, where there is something to do.
    #[must_use]
    pub fn of_io(path: &'a Path, source: &io::Error) -> Option<Self> {
        Some(match source.kind() {
            _ if otp_sys::is_in_use(source) => Self::Store(otp_store_fs::Hint::TryLater),
            io::ErrorKind::InvalidFilename => Self::ChooseOtherPath { path },
            io::ErrorKind::NotFound | io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => {
                Self::CheckPath { path }
            }
            io::ErrorKind::PermissionDenied => Self::ActAsOwner { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::FreeSpace { path },
            io::ErrorKind::FileTooLarge => Self::Store(otp_store_fs::Hint::RaiseFileSizeLimit),
            _ => return None,
        })
    }

    fn of_remote(error: &'a RemoteError) -> Option<Self> {
        Some(match error {
            RemoteError::NoHelper { scheme, .. } => Self::InstallHelper { scheme },
            RemoteError::NotStarted { path, source } => return Self::of_io(path, source),
            RemoteError::Helper { fault: HelperFault::Malformed(_) | HelperFault::Unasked, .. } => Self::UpdateHelper,
            RemoteError::Refused { kind, url, .. } => match kind {
                Failure::NotInitialised => Self::InitStore { url },
                Failure::Denied => Self::CheckPolicy,
                Failure::NotFound => Self::CheckUrl,
                Failure::Usage => Self::CheckConfiguration,
                Failure::Unavailable => Self::CheckConnection,
                Failure::Unsupported | Failure::Damaged | Failure::Other => return None,
            },
            RemoteError::Helper { .. } | RemoteError::TimedOut { .. } => Self::CheckConnection,
            RemoteError::TooLong { .. } | RemoteError::WrongGuard { .. } | RemoteError::Interrupted => return None,
        })
    }
}

impl Error {
    /// What to do about it, where there is something to do.
    #[must_use]
    pub fn hint(&self) -> Option<Hint<'_>> {
        Some(match self {
            Self::Core(error) | Self::InvalidKey { error, .. } => return error.hint().map(Hint::Core),
            Self::Keep(error) => return error.hint().map(Hint::Core),
            Self::Store(StoreError::Files(error)) => return error.hint().map(Hint::Store),
            Self::Store(StoreError::Remote(error)) => return Hint::of_remote(error),
            Self::NoStore | Self::RelativeHome { .. } => Hint::NameStore,
            Self::StoreUrl { fault: UrlFault::Secret { .. }, .. } => Hint::UseCredentialVariables,
            Self::StoreUrl { fault: UrlFault::PlainHttp { .. }, .. } => Hint::UseTls,
            Self::StoreUrl { .. } => Hint::CheckUrl,
            Self::StoreTimeout => Hint::GiveSeconds,
            Self::AuditVariable { .. } => Hint::NameAuditSink,
            // The event log has no path.
            Self::NotAudited { path, .. } if !path.is_absolute() => return None,
            Self::BrokenPromise { .. } => Hint::UseOtherServer,
            Self::NewKeyNeeded { .. } => Hint::NameKeyDir,
            Self::NoRing | Self::RingOnly { .. } => Hint::NameRing,
            Self::NoSuchRing { path } => Hint::MakeRing { path },
            Self::RingInStore { .. } => Hint::KeepRingApart,
            Self::RingMoved { path } => Hint::AdoptRing { path },
            Self::RingLocked { .. } | Self::KeyDirLocked { .. } => Hint::Core(otp_core::Hint::TryAgain),
            Self::Manifest { fault, .. } => return of_manifest(fault),
            Self::KeyFileEnded { path, .. } => Hint::MoveKeyFileAway { path },
            Self::ValueNotText { field } => Hint::GiveText { field },
            Self::NoKeyInRing { .. } => Hint::Core(otp_core::Hint::LookUpKeyId),
            Self::Template { fault: TemplateFault::NoEncoder, .. } => Hint::UseListedEncoder,
            Self::Template { .. } => Hint::DoubleBraces,
            Self::Unencodable { .. } => Hint::UseOtherEncoder,
            Self::Preset { preset, fault } => match fault {
                PresetFault::NotOnWindows => Hint::UseOtherPreset,
                PresetFault::OtherProgram => {
                    Hint::StartProgram { programs: Preset::from_name(preset).map(Preset::programs).unwrap_or_default() }
                }
                PresetFault::NoSetting { .. } => Hint::UseListedSetting {
                    settings: Preset::from_name(preset).map(Preset::settings).unwrap_or_default(),
                },
                PresetFault::Driver => Hint::UseConnectionString,
                PresetFault::Secret => Hint::KeepPasswordInAccount,
                PresetFault::Missing { field } => Hint::SetField { field },
            },
            Self::EmptyPassword => Hint::GivePassword,
            Self::NoKey | Self::NoCredentialManager => Hint::GiveKey,
            Self::SeveralKeys => Hint::GiveOneKey,
            Self::KeyNotRead {
                origin: KeyOrigin::File(path) | KeyOrigin::FileVariable(path) | KeyOrigin::Credential(path),
                source,
            }
            | Self::KeyNotWritten { path, source }
            | Self::NotAudited { path, source }
            | Self::RecordNotRead { path, source }
            | Self::Ring { path, source }
            | Self::FileNotRead { path, source } => return Hint::of_io(path, source),
            Self::KeyTooLong { origin, .. } | Self::EmptyKey { origin } => Hint::CheckKey { origin },
            Self::KeyOpenToOthers { path, .. } => Hint::ReplaceExposedKey { path },
            Self::DirectoryOpenToOthers { path, .. } => Hint::RemoveWriteAccess { path },
            Self::PathAsKey { origin } if origin.is_file() => Hint::CheckKey { origin },
            Self::PathAsKey { .. } => Hint::PassAsKeyFile,
            Self::KeyOwnedByOther { path, user, .. } => Hint::TakeOwnership { path, user: *user },
            Self::KeyFileExists { path } | Self::RingExists { path } | Self::RingNotEmpty { path } => {
                Hint::ChooseOtherPath { path }
            }
            Self::CredentialNotWritten { .. } | Self::NotForRing { .. } => return None,
            Self::CredentialExists { .. } => Hint::ChooseOtherCredential,
            Self::KeyTooLongForCredential { .. } => Hint::UseKeyFile,
            Self::OtherAccount { named, .. } => Hint::UseKeyFor { account: named },
            Self::StoreAndRecord => Hint::NameStoreOrRecord,
            Self::NotARecord { path } => Hint::CheckPath { path },
            Self::NoFields => Hint::GiveFields,
            Self::IncompleteLogin => Hint::GiveWholeLogin,
            Self::NothingNew => Hint::GiveNewField,
            Self::FieldNotText { field } => Hint::TakeBytes { field },
            Self::ExpiryPassed { .. } => Hint::UseFutureTime,
            Self::Randomness(_) => Hint::Core(otp_core::Hint::RepairRandomness),
            Self::Entropy { name, fault } => return fault.hint(Path::new(name)),
            Self::SecurePythonLink(secure_python_link::Error::WrongKey { .. }) => Hint::SwapOldKeys,
            Self::KeyNotRead { .. } | Self::NoField { .. } | Self::SecurePythonLink(_) => {
                return None;
            }
        })
    }
}

fn of_manifest(fault: &ManifestFault) -> Option<Hint<'_>> {
    Some(match fault {
        ManifestFault::Invalid { error, .. } => return error.hint().map(Hint::Core),
        ManifestFault::Expires => Hint::UseFutureTime,
        ManifestFault::Ambiguous => Hint::QuoteValue,
        ManifestFault::NoColumn { .. } => Hint::MapColumns,
        _ => return None,
    })
}

impl EntropyFault {
    fn hint<'a>(&'a self, path: &'a Path) -> Option<Hint<'a>> {
        Some(match self {
            Self::Read(source) | Self::Write(source) => return Hint::of_io(path, source),
            Self::TooShort { .. } | Self::Directory | Self::Terminal | Self::NotAStream | Self::NotRandom => {
                Hint::ProvideEntropy
            }
            Self::FileOnInput => Hint::GiveEntropyPath,
            Self::OpenToOthers { .. } => Hint::UseOtherEntropy { path },
            Self::OwnedByOther { user, .. } => Hint::TakeOwnership { path, user: *user },
        })
    }
}
